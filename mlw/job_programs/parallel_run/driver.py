"""Gives mini-batches to processes, tries failed ones again, and counts what failed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from mlw.job_programs.parallel_run.batch_workers import DONE, READY, WRONG, Worker
from mlw.job_programs.parallel_run.mini_batches import MiniBatch
from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.job_programs.program_errors import ProgramMistakeError

INIT_SECONDS = 600.0
"""For init(), as in Azure."""

_LOOK_SECONDS = 1.0


@dataclass
class Counts:
    """What has been done.

    Attributes:
        failed_items: Items of failed mini-batches, and those that run() returned nothing for.
    """

    batches: int = 0
    done: int = 0
    failed: int = 0
    retried: int = 0
    items: int = 0
    failed_items: int = 0

    def as_metrics(self) -> dict[str, float]:
        """Metrics of the run, in Azure's words."""
        return {
            "Total MiniBatches": self.batches,
            "Processed MiniBatches": self.done,
            "Failed MiniBatches": self.failed,
            "Remaining MiniBatches": self.batches - self.done - self.failed,
            "Retried MiniBatches": self.retried,
            "Processed Items": self.items,
            "Failed Items": self.failed_items,
        }


@dataclass
class Driver:
    """Carries out all mini-batches.

    Attributes:
        start: Starts a process with a number.
        keep: Called with each mini-batch that has ended, and its lines; None if it failed.
        progress: Called after each.
        say: Prints a line.
    """

    settings: Settings
    start: Callable[[int], Worker]
    keep: Callable[[MiniBatch, Sequence[str] | None], None]
    progress: Callable[[Counts], None]
    say: Callable[[str], None]
    counts: Counts = field(default_factory=Counts)
    _waiting: deque[MiniBatch] = field(default_factory=deque)
    _tries: dict[int, int] = field(default_factory=dict)
    _workers: list[Worker] = field(default_factory=list)

    def run(self, batches: Sequence[MiniBatch]) -> Counts:
        """Carry out all of them.

        Raises:
            ProgramMistakeError: More failed than the document allows, or the script is wrong.
        """
        self.counts.batches = len(batches)
        self._waiting.extend(batches)
        try:
            for number in range(min(self.settings.processes, len(batches))):
                self._workers.append(self.start(number))
            while self._is_unfinished():
                self._look()
            for worker in self._workers:
                worker.end()
        finally:
            for worker in self._workers:
                worker.kill()
        if self.counts.failed == self.counts.batches:
            raise ProgramMistakeError("all mini-batches failed; the log above says why.")
        return self.counts

    def _is_unfinished(self) -> bool:
        return bool(self._waiting) or any(one.batch is not None for one in self._workers)

    def _look(self) -> None:
        ready = wait([one.connection for one in self._workers], timeout=self._seconds_left())
        for worker in [one for one in self._workers if one.connection in ready]:
            self._heard(worker)
        for worker in [one for one in self._workers if self._is_late(one)]:
            self._replace(worker)
            if worker.batch is None:
                raise ProgramMistakeError(f"init() did not end within {INIT_SECONDS:.0f} s.")
            self._failed(
                worker.batch, f"it did not end within {self.settings.timeout_seconds} s (retry_settings.timeout)"
            )

    def _seconds_left(self) -> float:
        return max(0.0, min([_LOOK_SECONDS, *(self._limit(one) - time.monotonic() for one in self._busy())]))

    def _busy(self) -> list[Worker]:
        return [one for one in self._workers if one.batch is not None or not one.is_ready]

    def _limit(self, worker: Worker) -> float:
        return worker.since + (INIT_SECONDS if worker.batch is None else self.settings.timeout_seconds)

    def _is_late(self, worker: Worker) -> bool:
        return worker in self._busy() and time.monotonic() >= self._limit(worker)

    def _heard(self, worker: Worker) -> None:
        what, content = worker.said()
        batch = worker.batch
        if what == WRONG:
            raise ProgramMistakeError(content)
        if what == READY:
            worker.is_ready = True
        elif batch is None:
            raise ProgramMistakeError(f"init(): {content}")
        elif what == DONE:
            self._done(batch, content, time.monotonic() - worker.since)
        else:
            if not worker.process.is_alive():
                self._replace(worker)
            self._failed(batch, content)
        worker.batch = None
        if worker in self._workers and self._waiting:
            worker.give(self._waiting.popleft())
            if self.settings.is_verbose and worker.batch:
                self.say(f"mini-batch {worker.batch.label} starts in process {worker.number}")

    def _replace(self, worker: Worker) -> None:
        worker.kill()
        self._workers[self._workers.index(worker)] = self.start(worker.number)

    def _done(self, batch: MiniBatch, lines: Sequence[str], seconds: float) -> None:
        counts = self.counts
        counts.done += 1
        counts.items += min(len(lines), batch.items)
        counts.failed_items += max(0, batch.items - len(lines))
        self.keep(batch, lines)
        self.say(f"mini-batch {batch.label} of {counts.batches}: {batch.items} items, {seconds:.1f} s")
        self._judge()

    def _failed(self, batch: MiniBatch, why: str) -> None:
        tries = self._tries[batch.index] = self._tries.get(batch.index, 0) + 1
        self.say(f"mini-batch {batch.label} failed, try {tries} of {self.settings.retries + 1}: {why.rstrip()}")
        if tries <= self.settings.retries:
            self.counts.retried += 1
            self._waiting.append(batch)
            return
        self.counts.failed += 1
        self.counts.failed_items += batch.items
        self.keep(batch, None)
        self._judge()

    def _judge(self) -> None:
        """Stop when more failed than the document allows."""
        counts, settings = self.counts, self.settings
        self.progress(counts)
        if 0 <= settings.batch_error_threshold < counts.failed:
            raise ProgramMistakeError(
                f"{counts.failed} mini-batches failed, more than `mini_batch_error_threshold` "
                f"({settings.batch_error_threshold}) allows; the log above says why."
            )
        if 0 <= settings.error_threshold < counts.failed_items:
            raise ProgramMistakeError(
                f"{counts.failed_items} items failed or run() returned nothing for them, more than `error_threshold` "
                f"({settings.error_threshold}) allows."
            )
