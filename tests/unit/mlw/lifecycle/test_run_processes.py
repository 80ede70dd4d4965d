"""Processes of a run: found by their environment, ended for certain."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from infra.host import processes
from mlw.lifecycle import run_processes

OWNER = f"{uuid.uuid4().hex[:12]}/unit-test"
"""Of this run alone: what is looked for are processes of the whole machine."""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, run_processes.RUN_VARIABLE: OWNER}
    # Says when it has started, and ignores the gentle signal.
    program = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_processes_of_a_run_are_found_by_their_environment(sleeper: subprocess.Popen[bytes]) -> None:
    assert run_processes.of_run(OWNER) == [sleeper.pid]
    assert run_processes.of_run(f"{OWNER}-other") == []


def test_the_caller_itself_is_never_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"from mlw.lifecycle import run_processes; print(run_processes.of_run('{OWNER}'))"
    environment = {**os.environ, run_processes.RUN_VARIABLE: OWNER}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_process_that_ignores_the_gentle_signal_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    run_processes.end([sleeper.pid], grace_seconds=0.2)
    assert processes.find(sleeper.pid) is None
