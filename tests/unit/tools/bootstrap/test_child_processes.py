import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.host import folders
from tests.unit.tools.bootstrap.waiting import wait_until
from tools.bootstrap import child_processes
from tools.bootstrap.bootstrap_errors import BootstrapError


def shell(script: str, *, timeout: float | None = None) -> str:
    return child_processes.run(["/bin/sh", "-c", script], doing="trying a command", timeout=timeout)


def test_the_output_is_returned() -> None:
    assert shell("echo out; echo err >&2") == "out\n"


def test_a_failure_says_what_was_done_and_quotes_the_last_lines() -> None:
    with pytest.raises(BootstrapError, match=r"trying a command: 'sh' failed with exit code 3\.") as caught:
        shell("i=0; while [ $i -lt 50 ]; do echo early$i >&2; i=$((i+1)); done; echo late >&2; exit 3")
    assert str(caught.value).endswith("\n  | late")
    assert "early10" not in str(caught.value)


def test_a_failure_without_errors_quotes_the_output() -> None:
    with pytest.raises(BootstrapError, match=r"\| only this"):
        shell("echo only this; exit 1")


def test_a_command_that_does_not_end_is_stopped() -> None:
    with pytest.raises(BootstrapError, match="trying a command: 'sh' did not end within 0 s and was stopped"):
        shell("exec sleep 60", timeout=0.2)


def test_a_command_that_is_missing_is_named() -> None:
    with pytest.raises(BootstrapError, match=r"trying a command: .*no-such-program"):
        child_processes.run(["/no-such-program"], doing="trying a command")


def test_a_command_that_was_killed_says_by_which_signal() -> None:
    with pytest.raises(BootstrapError, match="SIGKILL"):
        shell("kill -9 $$")


def test_a_command_ends_when_the_bootstrap_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f'echo $$ > "{pid_file}.new"; mv "{pid_file}.new" "{pid_file}"; exec sleep 60'
    program = (
        f"from tools.bootstrap import child_processes; child_processes.run(['/bin/sh', '-c', {script!r}], doing='x')"
    )
    bootstrap = subprocess.Popen([sys.executable, "-c", program], cwd=folders.repo())
    wait_until(pid_file.exists)
    child = int(pid_file.read_text())
    bootstrap.send_signal(signal.SIGKILL)
    bootstrap.wait(10)
    wait_until(lambda: not is_running(child))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and os.getpgid(pid) >= 0
