"""Runs other programs for a build: ended together with it, their reason quoted when they fail."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from infra.errors import HostError

_QUOTED_LINES = 30


class ProgramError(HostError):
    """A program failed.

    Attributes:
        reason: What it said.
    """

    def __init__(self, doing: str, reason: str) -> None:
        super().__init__(f"{doing}: {reason}")
        self.reason = reason


def run(
    command: Sequence[str | Path],
    *,
    doing: str,
    environment: Mapping[str, str],
    cwd: Path,
    content: str = "",
    timeout_seconds: float,
) -> str:
    """Run a program and return what it printed.

    Args:
        command: Program and arguments.
        doing: What is being done, for an error.
        environment: All its variables.
        cwd: Where it runs.
        content: Its standard input.
        timeout_seconds: When it is killed.

    Raises:
        ProgramError: It cannot be started, fails, or takes too long.
    """
    try:
        done = subprocess.run(
            [*_tied_to_parent(), *map(str, command)],
            cwd=cwd,
            env=dict(environment),
            input=content,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise ProgramError(doing, f"it did not end within {timeout_seconds:.0f} s and was stopped.") from exc
    except OSError as exc:
        raise ProgramError(doing, f"'{command[0]}' cannot be started ({exc.strerror}).") from exc
    if done.returncode:
        said = [line.rstrip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise ProgramError(doing, "\n".join(said[-_QUOTED_LINES:]) or f"exit code {done.returncode}")
    return done.stdout


@cache
def _tied_to_parent() -> tuple[str, ...]:
    """A killed build must not leave a running program (`setpriv` is part of util-linux)."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
