"""Trials at the same time: a process for each group of algorithms, with FLAML's search and a part of the CPUs.

FLAML runs trials at the same time only on Ray or Spark, which are clusters of their own with ports and shared memory.
Here each process searches among its own algorithms, and this one counts the trials of all. A trial takes less than the
start of a container, so that the processes share the one of the job.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from mlw.job_programs.automl import search
from mlw.job_programs.automl.automl_settings import Settings, cpus
from mlw.job_programs.automl.automl_trials import Found, Plan, Trial, TrialLimits, plan_of
from mlw.job_programs.automl.metric_names import loss_of
from mlw.job_programs.automl.tables import Table
from mlw.job_programs.program_errors import ProgramMistakeError

TRIED, FOUND, FAILED = "tried", "found", "failed"
"""What a process says: a trial has ended; its best model; why it has none."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# A fork of this process would have its threads' locks. A server is forked instead, which has imported the libraries.
_SERVER = multiprocessing.get_context("forkserver")


def search_all(
    settings: Settings,
    training: Table,
    validation: Table | None,
    classes: int,
    *,
    seconds: float,
    tell: Callable[[Trial], None],
) -> Found:
    """Search the best model, with trials at the same time if the settings say so.

    Args:
        settings: Of the job.
        training: Its input columns are numbers.
        validation: Likewise; None for folds of the training table.
        classes: How many; 0 for a regression.
        seconds: How long the search may take.
        tell: Called after each trial.

    Raises:
        ProgramMistakeError: All processes ended without a model.
    """
    plan = plan_of(settings, cpus())
    limits = TrialLimits(settings, tell, begun=len(plan.groups))
    if len(plan.groups) == 1:
        model = search.search(
            settings, training, validation, classes, seconds=seconds, after=limits.after, threads=plan.threads
        )
        return Found(model, limits.trials)
    print(f"trials at the same time: {len(plan.groups)}, each on {plan.threads} of {cpus()} CPUs", flush=True)
    tables = (training, validation, classes)
    with _started(settings, plan, tables, ends=time.time() + seconds) as processes:
        return Found(_best_model(settings, processes, limits), limits.trials)


@dataclass(frozen=True)
class _Part:
    """What a process searches.

    Attributes:
        ends: Seconds since the epoch.
    """

    group: Sequence[str]
    threads: int
    ends: float


@dataclass
class _Process:
    """A process that searches.

    Attributes:
        best: The least loss of its trials.
        may_go_on: Whether it was the last time allowed to begin another trial.
    """

    group: Sequence[str]
    process: Any
    connection: Connection
    best: float = float("inf")
    may_go_on: bool = True

    def said(self) -> tuple[str, Any]:
        """What it said; a process that has ended says so by that."""
        try:
            found: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return FAILED, f"its process ended with exit code {self.process.exitcode} (-9: not enough memory)"
        return found


@contextlib.contextmanager
def _started(settings: Settings, plan: Plan, tables: tuple[Any, ...], *, ends: float) -> Iterator[list[_Process]]:
    processes = []
    _SERVER.set_forkserver_preload([search.__name__])
    with _few_threads(plan.threads):
        for group in plan.groups:
            ours, theirs = _SERVER.Pipe()
            given = (theirs, settings, _Part(group, plan.threads, ends), tables)
            process = _SERVER.Process(target=_work, args=given, daemon=True)
            process.start()
            theirs.close()
            processes.append(_Process(group, process, ours))
    try:
        yield processes
    finally:
        for one in processes:
            one.process.kill()
            one.process.join()
            one.connection.close()


@contextlib.contextmanager
def _few_threads(count: int) -> Iterator[None]:
    """Libraries read these variables when they are imported, which the server of the processes does."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _best_model(settings: Settings, processes: Sequence[_Process], limits: TrialLimits) -> Any:  # noqa: ANN401 - a model
    """The model of the process with the best trial; a process whose trials cannot be the best is not waited for."""
    models: list[tuple[float, Any]] = []
    reasons: list[str] = []
    running = {one.connection: one for one in processes}
    while running:
        for ready in wait(list(running)):
            one = running[ready]  # type: ignore[index]
            what, found = one.said()
            if what == TRIED:
                one.best = min(one.best, loss_of(settings.metric, found.score))
                one.may_go_on = limits.after(found)
                with contextlib.suppress(OSError):  # that it has ended is seen the next time
                    one.connection.send(one.may_go_on)
                continue
            del running[one.connection]
            limits.begun -= one.may_go_on  # it was allowed another trial, and did not begin it
            if what == FOUND and found is not None:
                models.append((one.best, found))
            elif what == FAILED:
                reasons.append(f"searching among {', '.join(one.group)}: {found}")
                print(reasons[-1], flush=True)
        if limits.is_reached:
            best = min(one.best for one in processes)
            running = {key: one for key, one in running.items() if one.best <= best}
    if not models and reasons:
        raise ProgramMistakeError(reasons[0])
    return min(models, key=lambda one: one[0], default=(0, None))[1]


def _work(connection: Connection, settings: Settings, part: _Part, tables: tuple[Any, ...]) -> None:
    """The process."""
    import warnings  # noqa: PLC0415 - only here

    warnings.simplefilter("ignore")

    def after(trial: Trial) -> bool:
        connection.send((TRIED, trial))
        return bool(connection.recv())

    try:
        model = search.search(
            settings, *tables, seconds=part.ends - time.time(), after=after, learners=part.group, threads=part.threads
        )
    except Exception:
        connection.send((FAILED, f"the search failed.\n{traceback.format_exc()}"))
    else:
        connection.send((FOUND, model))
