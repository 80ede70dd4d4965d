"""Rules: metadata and check in one declaration, made with the decorator `rule`.

A rule checks one resource. Rules are declared in the module of their subject and listed in `catalogue`. A rule for a
whole stack is a :class:`StackRule`: an id and a summary, checked by a separate function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import ModuleType
from typing import Self, TypeVar

from infra.rules.resources.component_types import COMPONENT_TYPES, ComponentType
from infra.rules.violation import Violation

T = TypeVar("T")
Parameters = Mapping[str, object]

ALL = tuple(COMPONENT_TYPES)
"""Type tokens of every component."""


class Severity(StrEnum):
    """Severity of a violation. Not its effect, which the assignment sets."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One resource as rules see it.

    Attributes:
        type_token: The component's type.
        props: Its properties, by Azure's names. Reading one that is unknown in a preview raises.
        group: Its resource group; None if unknown, and for a resource group.
    """

    type_token: str
    props: Mapping[str, object]
    group: ResourceView | None = None

    @property
    def component(self) -> ComponentType:
        """Its component type."""
        return COMPONENT_TYPES[self.type_token]

    @property
    def tags(self) -> Mapping[str, object]:
        """Its tags; empty if they are not a mapping, which another rule reports."""
        tags = self.props.get("tags")
        return tags if isinstance(tags, Mapping) else {}

    @property
    def resource_id(self) -> str:
        """Its full id; empty if it has none."""
        identity = self.props.get("resourceId")
        return identity if isinstance(identity, str) else ""


Check = Callable[[ResourceView, Parameters], Iterable[Violation]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One policy.

    Attributes:
        summary: What the rule requires, in one sentence.
        why: What goes wrong without the rule.
        source: Where the rule is documented: codes of the facts on Azure's rules, or ids of built-in policies.
        fix: How to fix a violation.
        applies_to: Type tokens of the components that it checks.
        parameters: Its parameters with their defaults; with the defaults the rule requires nothing.
    """

    id: str
    summary: str
    why: str
    severity: Severity
    source: str
    fix: str
    applies_to: tuple[str, ...]
    parameters: Parameters = field(default_factory=dict)
    evaluate: Check

    def check(self, resource: ResourceView, parameters: Parameters | None = None) -> Iterator[Violation]:
        """Violations of ``resource``, with keys relative to it; ``parameters`` override the defaults."""
        for violation in self.evaluate(resource, {**self.parameters, **(parameters or {})}):
            yield replace(violation, rule=self.id)


def rule(
    *,
    id: str,
    summary: str,
    why: str,
    severity: Severity,
    source: str,
    fix: str,
    applies_to: tuple[str, ...],
    parameters: Parameters | None = None,
) -> Callable[[Check], Rule]:
    """Declare the decorated check as a rule; the arguments are the attributes of :class:`Rule`."""

    def declare(check: Check) -> Rule:
        return Rule(
            id=id,
            summary=summary,
            why=why,
            severity=severity,
            source=source,
            fix=fix,
            applies_to=applies_to,
            parameters=parameters or {},
            evaluate=check,
        )

    return declare


class StackRule(str):
    """The id of a rule for a whole stack; it always applies, without an assignment.

    Attributes:
        summary: What the rule requires, in one sentence.
    """

    summary: str

    def __new__(cls, rule_id: str, summary: str) -> Self:
        """Declare the rule."""
        declared = super().__new__(cls, rule_id)
        declared.summary = summary
        return declared


def declared_in(modules: Iterable[ModuleType], of: type[T]) -> Iterator[T]:
    """The rules that modules declare, alone or in a tuple, in the order of their declarations."""
    for module in modules:
        for value in vars(module).values():
            found = value if isinstance(value, tuple) else (value,)
            yield from (rule for rule in found if isinstance(rule, of))


def texts(parameter: object) -> list[str]:
    """The entries of a list parameter, or the keys of a mapping; empty for anything else."""
    if isinstance(parameter, str) or not isinstance(parameter, Iterable):
        return []
    return [str(entry) for entry in parameter]
