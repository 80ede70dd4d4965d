"""What a rule is: metadata and check in one declaration, made by the decorator `rule`.

A rule looks at one resource. Rules stand beside what they are about and are listed in `catalogue`. What applies to a
stack as a whole is a :class:`StackRule`: an id with its sentence, checked by a function of its own.
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
    """How bad a violation is. Not its effect: that is an assignment's."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One resource as rules see it.

    Attributes:
        type_token: The component's type.
        props: Its properties as Azure names them. Reading one that a preview does not know yet raises.
        group: Its resource group; None where it is unknown, and for a resource group.
    """

    type_token: str
    props: Mapping[str, object]
    group: ResourceView | None = None

    @property
    def component(self) -> ComponentType:
        """What rules know of its type."""
        return COMPONENT_TYPES[self.type_token]

    @property
    def tags(self) -> Mapping[str, object]:
        """Its tags; none where they are no mapping, which is another rule's violation."""
        tags = self.props.get("tags")
        return tags if isinstance(tags, Mapping) else {}

    @property
    def resource_id(self) -> str:
        """Its full id; empty where it has none."""
        identity = self.props.get("resourceId")
        return identity if isinstance(identity, str) else ""


Check = Callable[[ResourceView, Parameters], Iterable[Violation]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One policy.

    Attributes:
        summary: What holds where the rule is kept, one sentence.
        why: What goes wrong otherwise.
        source: Where the rule is documented: codes of the facts on Azure's rules, or ids of built-in policies.
        fix: What to do about a violation.
        applies_to: Type tokens of the components that it judges.
        parameters: Its parameters with their defaults, with which it asks for nothing.
    """

    id: str
    summary: str
    why: str
    severity: Severity
    source: str
    fix: str
    applies_to: tuple[str, ...]
    parameters: Parameters = field(default_factory=dict)
    judge: Check

    def check(self, resource: ResourceView, parameters: Parameters | None = None) -> Iterator[Violation]:
        """Violations by ``resource``, with keys relative to it; ``parameters`` add to the defaults."""
        for violation in self.judge(resource, {**self.parameters, **(parameters or {})}):
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
            judge=check,
        )

    return declare


class StackRule(str):
    """The id of a rule that applies to a stack as a whole: everywhere, without an assignment.

    Attributes:
        summary: What the rule asks for, one sentence.
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
    """The entries of a parameter that is a list, or the keys of a mapping; none of anything else."""
    if isinstance(parameter, str) or not isinstance(parameter, Iterable):
        return []
    return [str(entry) for entry in parameter]
