"""Workers as their session sees them; that an interrupted run leaves nothing is tested by hand with Ctrl-C."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from xdist.workermanage import WorkerController

from tests.support import workers

ALONE = cast("pytest.Config", SimpleNamespace())
WORKER = cast("pytest.Config", SimpleNamespace(workerinput={"workerid": "gw0"}))


@pytest.fixture
def interrupts() -> Iterator[None]:
    """The previous handler of interrupts; restored afterwards."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_only_a_worker_has_received_input() -> None:
    assert workers.input_of(WORKER) == {"workerid": "gw0"}
    assert workers.input_of(ALONE) is None


def test_workers_share_the_folder_above_their_own() -> None:
    assert workers.run_folder(WORKER, Path("/tmp/run/popen-gw0")) == Path("/tmp/run")
    assert workers.run_folder(ALONE, Path("/tmp/run")) == Path("/tmp/run")


def test_interrupted_worker_finishes_its_test_and_begins_no_other(interrupts: None) -> None:
    session = SimpleNamespace(shouldstop=False)
    workers.stop_after_current_test(cast("pytest.Session", session))

    os.kill(os.getpid(), signal.SIGINT)

    assert session.shouldstop == "interrupted"


def test_stopping_waits_for_those_that_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: done.append((pid, number)))

    def worker(pid: int, *, ended: bool) -> WorkerController:
        channel = SimpleNamespace(isclosed=lambda: ended, waitclose=lambda: done.append(f"{pid} has ended"))
        gateway = SimpleNamespace(_rinfo=lambda: SimpleNamespace(pid=pid))
        made = SimpleNamespace(channel=channel, gateway=gateway, shutdown=lambda: done.append(f"{pid} shuts down"))
        return cast("WorkerController", made)

    workers.stop_all([worker(1, ended=True), worker(2, ended=False)])

    assert done == [(2, signal.SIGINT), "2 shuts down", "2 has ended"]
