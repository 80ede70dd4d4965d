"""What a step runs: a component, read from its document as the YAML of `az ml` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlw.jobs.command_jobs import LITERALS
from mlw.jobs.literals import as_text
from mlw.pipelines.step_types import COMMAND

ANONYMOUS = "azureml_anonymous"
"""Name that Azure gives to a component that is not registered."""

DEFAULT_TYPE = "uri_folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentInput:
    """One input that a component declares.

    Attributes:
        minimum: Lowest value of a number; None for none. Likewise `maximum`.
        choices: The allowed values; empty for all.
    """

    type: str = DEFAULT_TYPE
    default: str | None = None
    is_optional: bool = False
    mode: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_literal(self) -> bool:
        """Whether it takes a value, not data."""
        return self.type in LITERALS


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentOutput:
    """One output that a component declares."""

    type: str = DEFAULT_TYPE
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """A component.

    Attributes:
        title: Name and version of a registered one; empty for others.
        jobs: Documents of the steps of a pipeline component.
        program: See :mod:`mlw.jobs.program_files`.
        notices: Messages for the user.
        is_deterministic: Whether the same inputs give the same outputs, so that they can be reused.
    """

    type: str
    title: str = ""
    display_name: str = ""
    command: str = ""
    code: str = ""
    environment: str | Mapping[str, Any] = ""
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    distribution: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, ComponentInput] = field(default_factory=dict)
    outputs: Mapping[str, ComponentOutput] = field(default_factory=dict)
    jobs: Mapping[str, Any] = field(default_factory=dict)
    program: str = ""
    notices: tuple[str, ...] = ()
    is_deterministic: bool = True


def read_component(document: Mapping[str, Any]) -> Component:
    """Read a component."""
    name = str(document.get("name") or "")
    return Component(
        type=str(document.get("type") or COMMAND),
        title="" if name in {"", ANONYMOUS} else f"{name}:{document.get('version') or 1}",
        display_name=str(document.get("display_name") or ""),
        command=str(document.get("command") or ""),
        code=str(document.get("code") or ""),
        environment=document.get("environment") or "",
        environment_variables=texts(document.get("environment_variables")),
        resources=document.get("resources") or {},
        distribution=document.get("distribution") or {},
        inputs={str(key): _read_input(one or {}) for key, one in (document.get("inputs") or {}).items()},
        outputs={str(key): _read_output(one or {}) for key, one in (document.get("outputs") or {}).items()},
        jobs=document.get("jobs") or {},
        program=str(document.get("program") or ""),
        notices=tuple(document.get("notices") or ()),
        is_deterministic=document.get("is_deterministic") is not False,
    )


def texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Names and values as text."""
    return {str(name): str(value) for name, value in (values or {}).items()}


def _read_input(document: Mapping[str, Any]) -> ComponentInput:
    default = document.get("default")
    return ComponentInput(
        type=_read_type(document),
        default=None if default is None else str(default),
        is_optional=is_true(document.get("optional")),
        mode=str(document.get("mode") or ""),
        minimum=_number(document.get("min")),
        maximum=_number(document.get("max")),
        choices=tuple(as_text(one) for one in document.get("enum") or ()),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _read_output(document: Mapping[str, Any]) -> ComponentOutput:
    return ComponentOutput(type=_read_type(document), is_optional=is_true(document.get("optional")))


def _read_type(document: Mapping[str, Any]) -> str:
    return str(document.get("type") or DEFAULT_TYPE)


def is_true(value: object) -> bool:
    """Whether a value of YAML means true; Azure's package writes some booleans as text."""
    return str(value).lower() == "true"
