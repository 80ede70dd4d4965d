"""Locks: one command at a time works on a stack, and a killed command does not block others.

The project's own lock is a `flock` for each stack, which the system releases when its holder dies. Pulumi's own lock is
a file with process id, host and time, which stays if its owner is killed. It is cleared only if its owner is certainly
dead (this host, process dead or its id reused) or if it is empty or unreadable; otherwise the user is told who holds
it.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from infra.host import atomic_files, file_locks, processes
from mlw.lifecycle.display import Say
from mlw.lifecycle.lifecycle_errors import StackBusyError
from mlw.lifecycle.stack_context import Context

POLL_SECONDS = 0.1
DEFAULT_WAIT_SECONDS = 120.0


class Verdict(StrEnum):
    """Meaning of one of Pulumi's lock files."""

    LIVE = "live"
    STALE = "stale"
    FOREIGN = "foreign"
    """Held on another host: whether its owner is alive is unknown."""


@dataclass(frozen=True)
class PulumiLock:
    """One of Pulumi's lock files, with its meaning."""

    path: Path
    verdict: Verdict
    owner: str
    """Who, where and since when, for messages."""


def wait_seconds() -> float:
    """How long to wait for another command: `MLW_LOCK_WAIT_SECONDS`, two minutes by default."""
    try:
        return max(0.0, float(os.environ.get("MLW_LOCK_WAIT_SECONDS", "")))
    except ValueError:
        return DEFAULT_WAIT_SECONDS


@contextmanager
def exclusive(context: Context, command: str, *, say: Say, wait: float | None = None) -> Iterator[None]:
    """Hold the stack's own lock.

    Args:
        context: The stack.
        command: The command, for messages of commands that wait.
        say: Called once with a message if it has to wait.
        wait: Seconds to wait; default: :func:`wait_seconds`.

    Raises:
        StackBusyError: The other command did not finish in time.
    """
    limit = wait_seconds() if wait is None else wait
    with file_locks.hold(
        context.lock_file,
        command,
        on_wait=lambda holder: say(f"Waiting for {holder} on stack '{context.stack}' (at most {limit:.0f} s) ..."),
        wait_seconds=limit,
        refuse=lambda holder: _busy(context.stack, holder),
    ):
        yield


def _busy(stack: str, holder: str) -> StackBusyError:
    return StackBusyError(
        f"stack '{stack}' is busy: {holder} is working on it. Run the command again when it has finished, or wait "
        "longer with MLW_LOCK_WAIT_SECONDS=<seconds>."
    )


def judge(content: bytes, *, hostname: str, is_alive: Callable[[int, datetime], bool]) -> tuple[Verdict, str]:
    """Decide what a lock file of Pulumi's means.

    Args:
        content: The file's bytes.
        hostname: Of this machine.
        is_alive: Whether the process that had an id at a time still lives; asked for locks of this host only.

    Returns:
        The verdict and a description of the owner.
    """
    try:
        lock = json.loads(content)
        pid, host, since = int(lock["pid"]), str(lock["hostname"]), datetime.fromisoformat(lock["timestamp"])
        who = f"{lock.get('username') or 'somebody'}@{host}, process {pid}, since {since.astimezone():%d %b %H:%M:%S}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return Verdict.STALE, "unknown owner, the lock file is empty or damaged"
    if since.tzinfo is None:
        return Verdict.STALE, "unknown owner, the lock file is damaged"
    if host != hostname:
        return Verdict.FOREIGN, who
    return (Verdict.LIVE if is_alive(pid, since) else Verdict.STALE), who


def pulumi_locks(context: Context) -> list[PulumiLock]:
    """Read and classify Pulumi's locks of the stack."""
    folder = context.pulumi_locks
    found = []
    for path in sorted(folder.glob("*.json")) if folder and folder.is_dir() else []:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        verdict, owner = judge(
            content, hostname=socket.gethostname(), is_alive=lambda pid, since: processes.is_alive(pid, since=since)
        )
        found.append(PulumiLock(path, verdict, owner))
    return found


def clear_stale(context: Context, *, say: Say, wait: float | None = None) -> int:
    """Remove locks of dead owners; wait for the others.

    Returns:
        How many were removed; more than zero means that a run was killed.

    Raises:
        StackBusyError: A live or unknown owner remains.
    """
    deadline = time.monotonic() + (wait_seconds() if wait is None else wait)
    cleared, told = 0, False
    while locks := pulumi_locks(context):
        for lock in locks:
            if lock.verdict is Verdict.STALE:
                say(f"Clearing the stale lock of a killed run ({lock.owner}).")
                remove_with_attributes(lock.path)
                cleared += 1
        held = [lock for lock in locks if lock.verdict is not Verdict.STALE]
        if any(lock.verdict is Verdict.FOREIGN for lock in held) or (held and time.monotonic() >= deadline):
            raise StackBusyError(_held(context.stack, held))
        if held and not told:
            say(f"Waiting for pulumi on stack '{context.stack}' ({held[0].owner}) ...")
            told = True
        if held:
            time.sleep(POLL_SECONDS)
    return cleared


def remove_with_attributes(path: Path) -> None:
    """Remove a file of the file backend together with its `.attrs` file."""
    for name in (path.name, f"{path.name}.attrs"):
        path.with_name(name).unlink(missing_ok=True)


def _held(stack: str, locks: list[PulumiLock]) -> str:
    owners = "; ".join(lock.owner for lock in locks)
    advice = "Run the command again when it has finished."
    if any(lock.verdict is Verdict.FOREIGN for lock in locks):
        advice = f"If no command is running there, clear the lock with `pulumi cancel -s {stack}`."
    return f"stack '{stack}' is busy: locked by {owners}. {advice}"


@contextmanager
def hold_pulumi_lock(context: Context) -> Iterator[None]:
    """Hold Pulumi's own lock, by Pulumi's own protocol: look, write, look again.

    Keeps every other pulumi off the stack while state file and leftovers are repaired.

    Raises:
        StackBusyError: Another command was faster.
    """
    folder = context.pulumi_locks
    if folder is None:
        yield
        return
    own = folder / f"{secrets.token_hex(16)}.json"
    content = {
        "pid": os.getpid(),
        "username": os.environ.get("USER") or f"uid {os.getuid()}",
        "hostname": socket.gethostname(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    # Atomically: an empty lock file counts as damaged, and damaged ones are cleared.
    # Pulumi takes any file in the folder for a lock.
    atomic_files.write(own, json.dumps(content), by_way_of=folder.parent)
    try:
        others = [lock for lock in pulumi_locks(context) if lock.path != own and lock.verdict is not Verdict.STALE]
        if others:
            raise StackBusyError(_held(context.stack, others))
        yield
    finally:
        own.unlink(missing_ok=True)
