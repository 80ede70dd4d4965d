"""What run() returns, appended to an output in the order of the mini-batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlw.job_programs.parallel_run.mini_batches import MiniBatch

DEFAULT_NAME = "parallel_run_step.txt"
"""Azure's name of the file in an output that is a folder."""


class KeptLines:
    """Lines of all mini-batches; those that are early wait for the earlier ones."""

    def __init__(self, output: Path | None, name: str = "") -> None:
        self._file = output and (output / (name or DEFAULT_NAME) if output.is_dir() else output)
        self._early: dict[int, Sequence[str]] = {}
        self._next = 0
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text("", encoding="utf-8")

    def keep(self, batch: MiniBatch, lines: Sequence[str] | None) -> None:
        """Keep the lines of one that has ended; None if it failed."""
        if self._file is None:
            return
        self._early[batch.index] = lines or ()
        with self._file.open("a", encoding="utf-8") as file:
            while self._next in self._early:
                file.writelines(f"{line}\n" for line in self._early.pop(self._next))
                self._next += 1
