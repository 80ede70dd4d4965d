"""Inputs of one step: what the component declares, compared with what the document gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlw.pipelines.bindings import StepOutput, mode_of
from mlw.pipelines.graph import Data, Literal, Source
from mlw.pipelines.pipeline_components import Component, ComponentInput
from mlw.pipelines.pipeline_errors import StepError
from mlw.pipelines.scopes import Scope, listed


@dataclass(slots=True)
class StepInputs:
    """Inputs of one step.

    Attributes:
        sources: Where each input comes from; None for an optional one without a value.
        modes: Mode of each input that sets one.
        problems: What is wrong with them.
    """

    sources: dict[str, Source | None] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_inputs(scope: Scope, component: Component, given: Mapping[str, Any]) -> StepInputs:
    """Compare the inputs of a step with those of its component."""
    read = StepInputs()
    for name in given:
        if name not in component.inputs:
            read.problems.append(f"the component has no input '{name}'; inputs: {listed(component.inputs)}")
    for name, declared in component.inputs.items():
        try:
            source = _source(scope, name, declared, given)
        except StepError as exc:
            read.problems.append(f"input '{name}': {exc}")
            continue
        read.sources[name] = source
        read.problems += _problems(name, declared, source)
        given_mode = source.mode if isinstance(source, Data) else ""
        if mode := mode_of(given.get(name)) or given_mode or declared.mode:
            read.modes[name] = mode
    return read


def _source(scope: Scope, name: str, declared: ComponentInput, given: Mapping[str, Any]) -> Source | None:
    source = scope.source(given.get(name))
    if source is None and declared.default is not None:
        return (
            Literal(declared.default, declared.type) if declared.is_literal else Data(declared.default, declared.type)
        )
    if isinstance(source, Literal) and not declared.is_literal:
        return Data(source.value, declared.type) if source.type in {"string", ""} else source
    if isinstance(source, Literal):
        return Literal(source.value, declared.type)
    return source


def _problems(name: str, declared: ComponentInput, source: Source | None) -> Iterator[str]:
    match source:
        case None if not declared.is_optional:
            yield f"input '{name}' is required and has no value"
        case Literal(value) if not declared.is_literal:
            yield f"input '{name}' is data of type {declared.type}, and is given the value '{value}'"
        case Literal(value) if not _fits(value, declared.type):
            yield f"input '{name}': '{value}' is not of type {declared.type}"
        case Literal(value) if problem := _outside(value, declared):
            yield f"input '{name}': '{value}' {problem}"
        case Data(path) if declared.is_literal:
            yield f"input '{name}' is a value of type {declared.type}, and is given the data '{path}'"
        case StepOutput() if declared.is_literal:
            yield f"input '{name}' is a value of type {declared.type}, and is given the output '{source}'"


def _outside(value: str, declared: ComponentInput) -> str:
    """Why a value is not one of those that the component allows; empty if it is."""
    if declared.choices and value.casefold() not in {one.casefold() for one in declared.choices}:
        return f"is not one of {', '.join(declared.choices)}"
    if declared.type not in {"integer", "number"}:
        return ""
    if declared.minimum is not None and float(value) < declared.minimum:
        return f"is less than {declared.minimum:g}, the minimum of the component"
    if declared.maximum is not None and float(value) > declared.maximum:
        return f"is greater than {declared.maximum:g}, the maximum of the component"
    return ""


def _fits(value: str, literal_type: str) -> bool:
    try:
        match literal_type:
            case "integer":
                int(value)
            case "number":
                float(value)
            case "boolean":
                return value.lower() in {"true", "false"}
    except ValueError:
        return False
    return True
