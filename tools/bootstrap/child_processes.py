"""Run other programs: with a time limit, ended together with the bootstrap, with one clear message on failure.

A build that outlived a killed bootstrap would compete with the next run, so the system signals children when their
parent dies (`setpriv --pdeathsig`, part of util-linux).
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tools.bootstrap.bootstrap_errors import BootstrapError

QUOTED_LINES = 12


def run(
    command: Sequence[str | Path],
    *,
    doing: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command and return what it printed.

    Args:
        command: Program and arguments.
        doing: What is being done, for the message ("building pulumi").
        cwd: Where to run it.
        env: The complete environment of the command; by default that of this process.
        timeout: Seconds after which it is killed.

    Raises:
        BootstrapError: It cannot be started, fails, or exceeds the time limit; quotes its last lines.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [*_tied_to_parent(), *map(str, command)],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise BootstrapError(f"{doing}: '{name}' did not end within {timeout:.0f} s and was stopped.") from exc
    except OSError as exc:
        raise BootstrapError(f"{doing}: '{name}' cannot be started ({exc.strerror}).") from exc
    if done.returncode != 0:
        raise BootstrapError(f"{doing}: {_ending(name, done.returncode)}\n{_last_lines(done.stderr or done.stdout)}")
    return done.stdout


@cache
def _tied_to_parent() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def _ending(name: str, code: int) -> str:
    if code < 0:
        return f"'{name}' was ended by {signal.Signals(-code).name}."
    return f"'{name}' failed with exit code {code}. Its last lines:"


def _last_lines(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"  | {line}" for line in lines[-QUOTED_LINES:])
