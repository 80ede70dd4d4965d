"""Why a command failed: what the exit code, the engine and the end of its log say."""

from __future__ import annotations

import signal

from mlw.jobs.ports import ContainerState

_FULL = "No space left on device"
_CANNOT_FORK = ("Resource temporarily unavailable", "can't start new thread", "Cannot fork")
_SIGNALS = 128

LOG_END = " The end of its log:\n"
"""What is between the cause of a failure and the end of the log."""

PROCESSES = 4096
"""Processes and threads that a job may have."""


def reason(state: ContainerState, tail: str, *, memory_mib: int, was_interrupted: bool) -> str:
    """Say why a command failed; empty if it succeeded.

    Args:
        state: Of its container, which has exited.
        tail: End of its log.
        memory_mib: Memory limit of the compute; 0 for none.
        was_interrupted: Whether the engine stopped responding while it ran.
    """
    if not state.exit_code:
        return ""
    said = f"{LOG_END}{tail}" if tail else " It wrote no output."
    return f"{_cause(state, tail, memory_mib, was_interrupted=was_interrupted)}{said}"


def _cause(state: ContainerState, tail: str, memory_mib: int, *, was_interrupted: bool) -> str:
    code = state.exit_code
    if state.is_out_of_memory:
        limit = f" of {memory_mib} MiB" if memory_mib else ""
        return (
            f"out of memory: the command reached the memory limit{limit} of the compute, and a process of it was killed"
            f" (exit code {code}). Use a compute with more memory, or read the data in smaller pieces."
        )
    if was_interrupted:
        return f"the engine stopped while the command ran, which ended it (exit code {code}). Submit the job again."
    if _FULL in tail:
        return (
            f"disk full: the command exited with code {code} after '{_FULL}'. Free space on the engine's machine, or "
            "raise `resources.shm_size` if it was /dev/shm."
        )
    if any(text in tail for text in _CANNOT_FORK):
        return f"too many processes: the command exited with code {code}; a job may have {PROCESSES} of them."
    return _by_code(code)


def _by_code(code: int) -> str:
    if code > _SIGNALS and code - _SIGNALS in set(signal.Signals):
        name = signal.Signals(code - _SIGNALS).name
        return f"the command was ended by {name} (exit code {code}), not by a request to cancel it."
    if code in {126, 127}:
        return f"the command could not be executed (exit code {code}): not found in the environment, or not executable."
    return f"the command exited with code {code}."
