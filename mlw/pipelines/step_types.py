"""Which types of steps run here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.azure_files import not_runnable
from mlw.jobs import job_types
from mlw.jobs.job_records import SWEEP

COMMAND, PIPELINE = "command", "pipeline"


def why_refused(document: Mapping[str, Any]) -> str:
    """Why a step or a component does not run here; empty if it does."""
    step_type = str(document.get("type") or COMMAND)
    allowed = (COMMAND, PIPELINE, SWEEP, *job_types.TABLE)
    if step_type in allowed:
        return ""
    return not_runnable.reason(document) or f"type '{step_type}' is not known; allowed: {', '.join(allowed)}"
