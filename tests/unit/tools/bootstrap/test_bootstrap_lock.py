import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import bootstrap_lock

HOLD = """
import sys
from tools.bootstrap import bootstrap_lock
with bootstrap_lock.exclusive():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder() -> subprocess.Popen[str]:
    """Another process that holds the lock until its input is closed or it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folders.repo()
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=10)


def test_a_second_run_waits_and_says_for_whom(holder: subprocess.Popen[str], lines: list[str]) -> None:
    told = threading.Event()

    def say(line: str) -> None:
        lines.append(line)
        told.set()

    got_it = threading.Event()

    def second_run() -> None:
        with bootstrap_lock.exclusive(out=say):
            got_it.set()

    thread = threading.Thread(target=second_run)
    thread.start()
    assert told.wait(10)
    assert len(lines) == 1
    assert lines[0].startswith(f"waiting for the other bootstrap (process {holder.pid}, since ")
    assert not got_it.is_set()
    end(holder)
    thread.join(10)
    assert got_it.is_set()
    assert "the other run finished" in lines[-1]


def test_a_killed_run_blocks_nobody(holder: subprocess.Popen[str], lines: list[str]) -> None:
    holder.kill()
    end(holder)
    with bootstrap_lock.exclusive(out=lines.append):
        assert lines == []


def test_a_free_lock_is_taken_without_a_word(lines: list[str]) -> None:
    for _ in range(2):
        with bootstrap_lock.exclusive(out=lines.append):
            pass
    assert lines == []


def test_a_child_does_not_inherit_the_lock(tmp_path: Path, lines: list[str]) -> None:
    with bootstrap_lock.exclusive():
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path, text=True)
    with bootstrap_lock.exclusive(out=lines.append):
        assert child.poll() is None
    end(child)
    assert lines == []
