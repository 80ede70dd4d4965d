"""Settings of a step that are bound to inputs of the pipeline, such as `mini_batch_size: ${{parent.inputs.size}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlw.azure_files.normalising import TABLES
from mlw.jobs import job_types
from mlw.jobs.job_records import SWEEP
from mlw.pipelines.scopes import Scope

_BINDING = re.compile(r"\s*\$\{\{\s*parent\.inputs\.[\w-]+\s*\}\}\s*")
_ELSEWHERE = frozenset({"component", "inputs", "jobs", "outputs", "trial", "type", *TABLES})
"""Keys that are read with their bindings."""


def bound(scope: Scope, step: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sweep, or a step whose type becomes that of a command, with the values that it is bound to; others as they are.

    Raises:
        StepError: The pipeline has no such input, or the input is data.
    """
    if step.get("type") not in {SWEEP, *job_types.TABLE}:
        return step
    return {key: value if key in _ELSEWHERE else _value(scope, value) for key, value in step.items()}


def _value(scope: Scope, value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _value(scope, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_value(scope, one) for one in value]
    return scope.text(value) if isinstance(value, str) and _BINDING.fullmatch(value) else value
