"""Inputs, outputs and steps of a whole pipeline job: its own, or those of the pipeline component that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.component_files.component_lookup import FindComponent
from mlw.pipelines.pipeline_components import Component, read_component
from mlw.pipelines.scopes import REFERENCE, Scope, listed, source_of, target_of
from mlw.pipelines.step_inputs import read_inputs
from mlw.pipelines.step_types import PIPELINE, why_refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """What the steps of a pipeline job are read with.

    Attributes:
        steps: Their documents.
        problems: What is wrong with the component that the job names.
    """

    scope: Scope
    steps: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)


def root_of(document: Mapping[str, Any], find_component: FindComponent) -> Root:
    """Read what a pipeline job has around its steps."""
    settings = document.get("settings") or {}
    compute = str(document.get("compute") or settings.get("default_compute") or "").removeprefix(REFERENCE)
    inputs = {str(name): value for name, value in (document.get("inputs") or {}).items()}
    outputs = {str(name): value for name, value in (document.get("outputs") or {}).items()}
    own = Scope(
        inputs={name: source_of(value) for name, value in inputs.items()},
        outputs={name: target_of(value) for name, value in outputs.items()},
        compute=compute,
    )
    named = document.get("component")
    if named is None or document.get("jobs"):
        return Root(scope=own, steps=document.get("jobs") or {})
    try:
        component = _component(named, find_component)
    except MlWorkspaceError as exc:
        return Root(scope=own, steps={}, problems=[f"component: {exc}"])
    if component.type != PIPELINE:
        said = f"component: it is of type '{component.type}', and a job of type pipeline needs one of type pipeline"
        return Root(scope=own, steps={}, problems=[f"{said}; make it a step below `jobs`, or omit `type`"])
    read = read_inputs(Scope(inputs={}, outputs={}), component, inputs)
    unknown = [
        f"the component has no output '{name}'; outputs: {listed(component.outputs)}"
        for name in outputs
        if name not in component.outputs
    ]
    targets = {name: target_of(outputs.get(name)) for name in component.outputs}
    scope = Scope(inputs=read.sources, outputs=targets, compute=compute)
    return Root(scope=scope, steps=component.jobs, problems=[*read.problems, *unknown])


def _component(named: object, find_component: FindComponent) -> Component:
    found = find_component(named) if isinstance(named, str) else named
    document: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    if reason := why_refused(document):
        raise MlWorkspaceError(reason)
    return read_component(document)
