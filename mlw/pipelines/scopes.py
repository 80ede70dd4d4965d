"""What the steps of one pipeline, or of one nested pipeline component, can refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlw.pipelines.bindings import ParentInput, ParentOutput, StepOutput, binding_of, mode_of
from mlw.pipelines.graph import Data, Literal, Source, Target
from mlw.pipelines.pipeline_components import DEFAULT_TYPE
from mlw.pipelines.pipeline_errors import StepError

REFERENCE = "azureml:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Inputs, outputs and defaults of the pipeline that steps are in.

    Attributes:
        step: The step that is the pipeline component; empty for the pipeline job itself.
        inputs: Where each input comes from; None for an optional one without a value.
        outputs: Where each output goes.
    """

    step: str = ""
    inputs: Mapping[str, Source | None]
    outputs: Mapping[str, Target]
    compute: str = ""

    def named(self, step: str) -> str:
        """Name of one of its steps in the whole graph."""
        return f"{self.step}.{step}" if self.step else step

    def source(self, value: object) -> Source | None:
        """Where the value of an input comes from; None if there is none.

        Raises:
            StepError: It is a binding that no input can have.
        """
        match binding_of(value):
            case None:
                return source_of(value)
            case ParentInput(name):
                if name not in self.inputs:
                    raise StepError(f"the pipeline has no input '{name}'; inputs: {listed(self.inputs)}")
                return self.inputs[name]
            case StepOutput(step, output):
                return StepOutput(self.named(step), output)
            case ParentOutput(name):
                raise StepError(f"an input cannot be bound to output '{name}' of the pipeline")

    def text(self, value: object) -> str:
        """A value outside of inputs and outputs, such as a compute, which can be bound to an input."""
        source = self.source(value) if value else None
        match source:
            case None:
                return ""
            case Literal(value=text):
                return text.removeprefix(REFERENCE)
            case _:
                raise StepError(f"'{value}' is not a value; bind it to an input with a value")


def source_of(value: object) -> Source | None:
    """Data or a value of a document; None for nothing."""
    if not isinstance(value, Mapping):
        return None if value is None else Literal(str(value), _literal_type(value))
    if value.get("path") is not None:
        return Data(str(value["path"]), str(value.get("type") or DEFAULT_TYPE), mode_of(value))
    literal = value.get("value", value.get("default"))
    return None if literal is None else Literal(str(literal), str(value.get("type") or ""))


def target_of(value: Any) -> Target:  # noqa: ANN401 - any value of a document
    """Where an output of a document goes."""
    if not isinstance(value, Mapping):
        return Target()
    name, version = value.get("name"), value.get("version")
    asset = f"{name}:{version}" if name and version else str(name or "")
    return Target(
        type=str(value.get("type") or ""), path=str(value.get("path") or ""), asset=asset, mode=mode_of(value)
    )


def listed(names: Mapping[str, object]) -> str:
    """Names for a message."""
    return ", ".join(f"'{name}'" for name in names) or "none"


def _literal_type(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"
