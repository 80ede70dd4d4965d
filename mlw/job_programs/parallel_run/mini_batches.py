"""Divides the data of a parallel job into mini-batches: lists of files, or parts of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.job_programs import mltable_files
from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.job_programs.program_errors import ProgramMistakeError

TABLE_BYTES = 1 << 20
"""Of a mini-batch of a table whose document gives a number instead of a size."""


@dataclass(frozen=True)
class MiniBatch:
    """One mini-batch.

    Attributes:
        index: Counted from 0.
        content: What the function gets: a list of paths, or a data frame of pandas.
        items: How many files or rows it has.
        keys: Values of the partition keys.
    """

    index: int
    content: Any = field(repr=False)
    items: int = 0
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """For the log."""
        keys = ", ".join(f"{name}={value}" for name, value in self.keys.items())
        return f"{self.index + 1}{f' ({keys})' if keys else ''}"


def mini_batches(settings: Settings, place: Path) -> list[MiniBatch]:
    """All mini-batches, in the order of files or rows.

    Raises:
        ProgramMistakeError: The data cannot be divided as the document says, or there is none.
    """
    if _is_table(settings, place):
        found = list(_of_table(settings, place))
    elif settings.partition_keys:
        raise ProgramMistakeError(
            f"dividing input '{settings.data}': `partition_keys` need a table, and '{place.name}' has no MLTable file "
            "that says how its files are read."
        )
    else:
        groups = (
            _groups(mltable_files.files_of(place), settings) if _is_defined(place) else _groups(_all(place), settings)
        )
        found = [MiniBatch(index, [str(one) for one in group], len(group)) for index, group in enumerate(groups)]
    if not found:
        raise ProgramMistakeError(f"dividing input '{settings.data}': it is empty.")
    return found


def _is_defined(place: Path) -> bool:
    return mltable_files.definition_of(place) is not None


def _is_table(settings: Settings, place: Path) -> bool:
    """A definition that does not say how its files are read is a list of files, as in Azure."""
    definition = mltable_files.definition_of(place)
    if definition is None:
        return settings.is_table
    steps = definition.get("transformations") or ()
    names = {str(name) for one in steps for name in (one if isinstance(one, Mapping) else (one,))}
    return bool(names & set(mltable_files.READERS))


def _all(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())


def _groups(files: Iterable[Path], settings: Settings) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for file in files:
        length = file.stat().st_size if settings.batch_bytes else 0
        is_full = len(group) >= settings.batch_files if settings.batch_files else size + length > settings.batch_bytes
        if group and is_full:
            yield group
            group, size = [], 0
        group.append(file)
        size += length
    if group:
        yield group


def _of_table(settings: Settings, place: Path) -> Iterator[MiniBatch]:
    table = mltable_files.read(place)
    if settings.partition_keys:
        yield from _partitions(settings, table)
        return
    size = sum(one.stat().st_size for one in mltable_files.files_of(place))
    rows = max(1, len(table) * (settings.batch_bytes or TABLE_BYTES) // max(size, 1))
    for index, start in enumerate(range(0, len(table), rows)):
        part = table.iloc[start : start + rows]
        yield MiniBatch(index, part, len(part))


def _partitions(settings: Settings, table: Any) -> Iterator[MiniBatch]:  # noqa: ANN401 - a data frame
    names = list(settings.partition_keys)
    if absent := [name for name in names if name not in table.columns]:
        raise ProgramMistakeError(
            f"dividing input '{settings.data}': it has no column '{absent[0]}'; columns: "
            f"{', '.join(map(str, table.columns))}. Correct `partition_keys`."
        )
    for index, (values, part) in enumerate(table.groupby(names, sort=True)):
        given = values if isinstance(values, tuple) else (values,)
        yield MiniBatch(index, part, len(part), dict(zip(names, given)))  # noqa: B905 - Python 3.9
