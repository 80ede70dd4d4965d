"""From the document of a job of type `monitor` to that of the command job that carries it out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from mlw.jobs import program_files

TYPE = "monitor"
"""Type of the job; Azure's own are pipelines with components that nobody sees."""

PROGRAM = "model_monitor"
SETTINGS = "monitor"
"""Key of the document: the program's settings."""

_LOCK = "monitoring"
_KEPT = (
    "name", "type", "display_name", "description", "tags", "properties", "experiment_name", "compute", "inputs",
)  # fmt: skip


def command_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of the command job; see :mod:`mlw.jobs.job_types`."""
    settings = json.dumps(document[SETTINGS], sort_keys=True)
    return {
        **{key: document[key] for key in _KEPT if key in document},
        "command": f"{program_files.command_line(PROGRAM)} {shlex.quote(settings)}",
        "program": PROGRAM,
        "environment": {"lock": _LOCK},
    }
