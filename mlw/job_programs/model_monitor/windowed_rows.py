"""Data of a signal as a data frame: what a deployment has collected within a window, or a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from mlw.job_programs import mltable_files
from mlw.job_programs.model_monitor.monitor_settings import Source, moment_of
from mlw.job_programs.program_errors import ProgramMistakeError

_SUFFIX = ".jsonl"
_MARK = "specversion"
"""Key of every record of collected data."""


def frame_of(source: Source, now: datetime) -> Any:  # noqa: ANN401 - a data frame
    """All rows that count.

    Args:
        source: Where from; an input that the job does not have is one without any data yet.
        now: The time that the window is relative to.

    Raises:
        ProgramMistakeError: It cannot be read.
    """
    import pandas as pd  # noqa: PLC0415 - takes seconds

    place = os.environ.get(f"AZURE_ML_INPUT_{source.input}", "")
    if not place:
        return pd.DataFrame()
    folder = Path(place)
    files = [folder] if folder.is_file() else sorted(folder.rglob(f"*{_SUFFIX}"))
    files = [one for one in files if one.suffix == _SUFFIX]
    if not files or not _is_collected(files[0]):
        found = mltable_files.read(folder)
    else:
        begin, end = source.window.limits(now)
        # Values of one column may have several types: pandas keeps them as they are.
        found = pd.DataFrame([row for file in files for row in _rows(file, begin, end)])
    found.columns = [str(one) for one in found.columns]
    return found


def _is_collected(file: Path) -> bool:
    with file.open(encoding="utf-8") as lines:
        return _MARK in lines.readline()


def _rows(file: Path, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                moment = moment_of(record["time"])
            except (ValueError, KeyError, TypeError) as exc:
                raise ProgramMistakeError(
                    f"reading collected data: line {number} of '{file.name}' is not a record of it: {exc}."
                ) from exc
            if begin <= moment < end:
                yield from _of_record(record.get("data"))


def _of_record(data: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Rows of a record; what is no table, such as a text, has none."""
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict):
            yield one
