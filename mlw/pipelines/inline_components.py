"""A step without a component: its own document declares inputs and outputs by giving them values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlw.pipelines.bindings import ParentOutput, binding_of
from mlw.pipelines.graph import Data, Literal
from mlw.pipelines.pipeline_components import Component, ComponentInput, ComponentOutput, read_component
from mlw.pipelines.pipeline_errors import StepError
from mlw.pipelines.scopes import Scope


def inline_component(scope: Scope, document: Mapping[str, Any]) -> Component:
    """The component that a command step is itself."""
    declared = {key: value for key, value in document.items() if key not in {"name", "inputs", "outputs"}}
    return replace(
        read_component(declared),
        inputs={str(name): _input(scope, value) for name, value in (document.get("inputs") or {}).items()},
        outputs={str(name): _output(scope, value) for name, value in (document.get("outputs") or {}).items()},
    )


def _input(scope: Scope, value: object) -> ComponentInput:
    try:
        match scope.source(value):
            case None:
                return ComponentInput(type="string", is_optional=True)
            case Literal(type=literal_type):
                return ComponentInput(type=literal_type or "string")
            case Data(type=data_type):
                return ComponentInput(type=data_type)
    except StepError:
        pass  # reported when the value is read
    return ComponentInput()


def _output(scope: Scope, value: object) -> ComponentOutput:
    if isinstance(value, Mapping) and value.get("type"):
        return ComponentOutput(type=str(value["type"]))
    try:
        match binding_of(value):
            case ParentOutput(name) if name in scope.outputs and scope.outputs[name].type:
                return ComponentOutput(type=scope.outputs[name].type)
    except StepError:
        pass  # likewise
    return ComponentOutput()
