"""What a command shows on a terminal."""

import os
import pty
import re
import signal
import subprocess
from collections.abc import Sequence

from tests.support.environment import Environment

HOME = "\x1b[H"
"""What a command that refreshes in place begins with."""


def refreshed(environment: Environment, command: Sequence[str], *, times: int) -> str:
    """Run a command on a terminal until it has refreshed some times, end it with Ctrl-C, return the last refresh."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        command, cwd=environment.project, env=environment.variables, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = ""
    with os.fdopen(controller, "rb", buffering=0) as output:
        while shown.count(HOME) <= times and (more := output.read(4096)):
            shown += more.decode()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    return re.sub(r"\x1b\[\??[0-9]*[a-zA-Z]", "", shown.split(HOME)[times]).replace("\r", "").strip()
