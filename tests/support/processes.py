"""Runs commands in separate sessions, so that a whole process tree can be killed by id.

Pulumi puts its plugins into separate process groups, so that a signal to the CLI's group does not reach them; they
stay in its session, though. Ending "the whole run at once" (a power loss, an out-of-memory kill) means ending the
session.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.probes import probe_until


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A command that has ended."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, as a terminal would show them."""
        return self.stdout + self.stderr

    def check(self) -> "Finished":
        """Fail with the command's output if it failed."""
        if self.exit_code != 0:
            message = f"{' '.join(self.command)} ended with {self.exit_code}:\n{self.output}"
            raise AssertionError(message)
        return self


def start(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command as the leader of a new session, with both streams captured."""
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], *, timeout_seconds: float, stdin: str = "") -> Finished:
    """Wait for a started command; kill its whole session if it takes too long."""
    command = tuple(str(part) for part in process.args) if isinstance(process.args, list) else (str(process.args),)
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout_seconds)
    except subprocess.TimeoutExpired as exc:
        kill_session(process.pid)
        stdout, stderr = process.communicate()
        message = f"{' '.join(command)} did not end within {timeout_seconds:g} s:\n{stdout}{stderr}"
        raise AssertionError(message) from exc
    return Finished(command=command, exit_code=process.returncode, stdout=stdout, stderr=stderr)


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_seconds: float = 300.0, stdin: str = ""
) -> Finished:
    """Run a command to its end."""
    return finish(start(command, cwd=cwd, env=env), timeout_seconds=timeout_seconds, stdin=stdin)


def session_members(session: int) -> list[int]:
    """Return the ids of all processes of a session, except zombies."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The second field is the name in parentheses and may hold anything; the rest is state, ppid, pgrp, session.
            state, _, _, session_id = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session_id) == session and state != "Z":
                members.append(int(stat.parent.name))
    return members


def command_lines() -> str:
    """Return what any user can see of all running processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(lines)


def kill_session(session: int) -> None:
    """SIGKILL every process of a session until none is left: one can fork while it is being killed."""

    def kill_members() -> None:
        members = session_members(session)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert not members, f"processes {members} of session {session} are still there"

    probe_until(kill_members, what=f"end of session {session}", interval_seconds=0.02)
