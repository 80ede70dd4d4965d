"""Marks of reservations in memory, with the labels that the real ones have on the engine."""

import threading
from collections.abc import Iterable, Mapping

from infra.clients.engine import reservation_marks
from infra.clients.engine.reservation_marks import Mark


class FakeMarks:
    """The volumes of an engine that are marks; several threads may use it."""

    def __init__(self) -> None:
        self.volumes: dict[str, Mapping[str, str]] = {}
        self._lock = threading.Lock()

    def list_all(self) -> list[Mark]:
        """Return all marks."""
        with self._lock:
            return reservation_marks.read(self.volumes)

    def place(self, mark: Mark, own: Mapping[str, str]) -> None:
        """Place a mark."""
        with self._lock:
            self.volumes[mark.name] = reservation_marks.labelled(mark, own)

    def remove(self, marks: Iterable[Mark]) -> None:
        """Remove marks."""
        with self._lock:
            for mark in marks:
                self.volumes.pop(mark.name, None)
