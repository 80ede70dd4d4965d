"""Which types of steps run here, and why the others do not."""

from __future__ import annotations

COMMAND, PIPELINE = "command", "pipeline"

ALLOWED = (COMMAND, PIPELINE)

_CONTROL_FLOW = "control flow of the Python SDK is a private preview of Azure"

REFUSED = {
    "sweep": "sweeps do not run here yet; run its trial as a command step with fixed parameters",
    "parallel": "parallel steps do not run here yet; process the mini-batches in a command step",
    "automl": "AutoML does not run here yet; train in a command step",
    "spark": "there is no Spark here; use a command step, e.g. with pandas, Polars or DuckDB",
    "import": "imports need an Azure Data Factory; read the source in a command step",
    "data_transfer": "data transfers need an Azure Data Factory; copy in a command step",
    "if_else": _CONTROL_FLOW,
    "do_while": _CONTROL_FLOW,
    "parallel_for": _CONTROL_FLOW,
}
"""Types of Azure's steps that do not run here, with the reason and what to do."""


def why_refused(step_type: str) -> str:
    """Why a step of a type does not run here; empty if it does."""
    if step_type in ALLOWED:
        return ""
    reason = REFUSED.get(step_type, f"allowed: {', '.join(ALLOWED)}")
    return f"type '{step_type}': {reason}"
