"""Reads `--set` of `mlw job update`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlw.jobs.job_errors import JobError
from mlw.jobs.job_records import Job

_TEXTS = ("display_name", "description")
_TAGS = "tags."


def changed(job: Job, changes: Sequence[str]) -> dict[str, Any]:
    """The fields that change, with their new values.

    Raises:
        JobError: A field cannot be changed.
    """
    found: dict[str, Any] = {}
    for one in changes:
        key, is_set, value = one.partition("=")
        if key.startswith(_TAGS) and is_set:
            found["tags"] = {**job.value("tags"), **found.get("tags", {}), key.removeprefix(_TAGS): value}
        elif key in _TEXTS and is_set:
            found[key] = value
        else:
            raise JobError(
                f"updating job '{job.record.name}': '{one}' cannot be set; allowed: "
                f"{', '.join(f'{name}=TEXT' for name in _TEXTS)}, tags.NAME=TEXT."
            )
    return found
