"""A step of the graph, from its document, its component and its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.jobs.job_records import SWEEP
from mlw.pipelines.graph import PlannedStep
from mlw.pipelines.pipeline_components import Component, texts
from mlw.pipelines.step_inputs import StepInputs


def planned(name: str, component: Component, document: Mapping[str, Any], read: StepInputs) -> PlannedStep:
    """Make a step; what the document sets has priority over the component."""
    is_sweep, limits = component.type == SWEEP, document.get("limits") or {}
    return PlannedStep(
        name=name,
        component=component,
        display_name=str(document.get("display_name") or component.display_name or name),
        description=str(document.get("description") or ""),
        inputs=read.sources,
        modes=read.modes,
        environment_variables={**component.environment_variables, **texts(document.get("environment_variables"))},
        resources={**component.resources, **(document.get("resources") or {})},
        distribution=document.get("distribution") or component.distribution,
        timeout_seconds=int(limits.get("trial_timeout" if is_sweep else "timeout") or 0),
        tags=texts(document.get("tags")),
        services=document.get("services") or {},
        sweep=document if is_sweep else {},
    )
