"""Nodes of the computes: which job starts next.

Jobs in the queue and steps of pipelines share the nodes of a compute; the one with the higher priority, then the one
submitted first, starts first.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlw.jobs.command_jobs import Stop
from mlw.jobs.queue_entries import QueueEntry

_TICK_SECONDS = 0.2


class Nodes:
    """Nodes of all computes of a workspace.

    Args:
        maximum: Maximum number of nodes of a compute, by its name.
    """

    def __init__(self, maximum: Callable[[str], int]) -> None:
        self._maximum = maximum
        self._used: Counter[str] = Counter()
        self._waiting: dict[str, list[QueueEntry]] = {}
        self._changed = threading.Condition()

    def try_take(self, entry: QueueEntry) -> bool:
        """Take a node if one is free, and no step that waits comes first."""
        with self._changed:
            first = min(self._waiting.get(entry.compute, ()), default=entry)
            return first >= entry and self._take(entry.compute)

    def give_back(self, compute: str) -> None:
        """Give a node back."""
        with self._changed:
            self._used[compute] -= 1
            self._changed.notify_all()

    @contextmanager
    def held(self, entry: QueueEntry, stop: Stop) -> Iterator[bool]:
        """Wait for a node, and hold it; False if the wait was canceled."""
        taken = self._wait(entry, stop)
        try:
            yield taken
        finally:
            if taken:
                self.give_back(entry.compute)

    def _wait(self, entry: QueueEntry, stop: Stop) -> bool:
        with self._changed:
            waiting = self._waiting.setdefault(entry.compute, [])
            waiting.append(entry)
            try:
                while not stop.reason:
                    if min(waiting) == entry and self._take(entry.compute):
                        return True
                    self._changed.wait(_TICK_SECONDS)
                return False
            finally:
                waiting.remove(entry)
                self._changed.notify_all()

    def _take(self, compute: str) -> bool:
        if self._used[compute] >= self._maximum(compute):
            return False
        self._used[compute] += 1
        return True

    @property
    def in_use(self) -> int:
        """Nodes that are held."""
        with self._changed:
            return self._used.total()
