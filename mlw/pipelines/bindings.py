"""Bindings of a pipeline, such as `${{parent.inputs.NAME}}` and `${{parent.jobs.STEP.outputs.NAME}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlw.pipelines.pipeline_errors import StepError

FORMS = "${{parent.inputs.NAME}} or ${{parent.jobs.STEP.outputs.NAME}}"
OUTPUT_FORM = "${{parent.outputs.NAME}}"

_WHOLE = re.compile(r"\s*\$\{\{\s*([^{}]*?)\s*\}\}\s*")
_INPUT = re.compile(r"parent\.inputs\.([\w-]+)")
_OUTPUT = re.compile(r"parent\.outputs\.([\w-]+)")
_EARLIER = re.compile(r"(inputs|outputs|jobs)\..+")
_STEP = re.compile(r"parent\.jobs\.([\w-]+)\.outputs\.([\w-]+)")


@dataclass(frozen=True, slots=True)
class ParentInput:
    """An input of the pipeline that the step is in."""

    name: str


@dataclass(frozen=True, slots=True)
class ParentOutput:
    """An output of the pipeline that the step is in."""

    name: str


@dataclass(frozen=True, slots=True)
class StepOutput:
    """An output of another step."""

    step: str
    output: str

    def __str__(self) -> str:
        """As shown to people."""
        return f"{self.step}.{self.output}"


Binding = ParentInput | ParentOutput | StepOutput


def binding_of(value: object) -> Binding | None:
    """The binding that a value of a document is; None for a value or data.

    A path may have placeholders such as ``${{name}}``, which are filled in when its place is looked up.

    Raises:
        StepError: It contains ``${{``, and is not a binding.
    """
    text = value.get("path") if isinstance(value, Mapping) else value
    if not isinstance(text, str) or "${{" not in text:
        return None
    whole = _WHOLE.fullmatch(text)
    if whole is None and isinstance(value, Mapping):
        return None
    inner = whole[1] if whole else ""
    if found := _INPUT.fullmatch(inner):
        return ParentInput(found[1])
    if found := _OUTPUT.fullmatch(inner):
        return ParentOutput(found[1])
    if found := _STEP.fullmatch(inner):
        return StepOutput(found[1], found[2])
    if _EARLIER.fullmatch(inner):
        raise StepError(
            f"'{text}' is the form of earlier versions, which Azure refuses, too; write '${{{{parent.{inner}}}}}'"
        )
    raise StepError(f"'{text}' is not a binding; allowed: {FORMS}, and for an output {OUTPUT_FORM}")


def mode_of(value: Any) -> str:  # noqa: ANN401 - any value of a document
    """The mode that a value of a document sets; empty for none."""
    return str(value.get("mode") or "") if isinstance(value, Mapping) else ""
