"""The runner of a workspace as a process: `python -m mlw.jobs STACK`."""

from __future__ import annotations

import signal
import sys
from datetime import datetime

from infra.errors import MlWorkspaceError
from infra.host import environment
from mlw.jobs import runner_lock, runner_process, runner_setup
from mlw.jobs.dispatcher import Dispatcher


def main() -> int:
    """Carry out the queue until it is empty; see :mod:`mlw.jobs.runner_process`.

    Whoever submits the next job reads the end of the log, so an error is a line of it, as on the command line.
    """
    environment.enter()
    try:
        return _carry_out_queue()
    except MlWorkspaceError as error:
        report(str(error))
        return 1


def _carry_out_queue() -> int:
    workspace, dispatcher = runner_setup.make(sys.argv[1], report)
    signal.signal(signal.SIGTERM, lambda *_: dispatcher.shut_down())
    while True:
        with runner_lock.holding(runner_process.lock_of(workspace.stack)) as held:
            if not held:
                return 0
            _drain(dispatcher)
        if dispatcher.is_shut_down or not workspace.records.queue():
            return 0


def _drain(dispatcher: Dispatcher) -> None:
    dispatcher.reconcile()
    try:
        dispatcher.drain(idle_seconds=runner_process.IDLE_SECONDS)
    finally:
        dispatcher.at_end()


def report(text: str) -> None:
    """Write a line to the runner's own log."""
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
