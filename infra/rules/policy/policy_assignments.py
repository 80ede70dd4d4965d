"""Policy assignments: management groups, subscriptions, resource groups, and the rules assigned to each.

Azure's model: an assignment applies to its scope and everything below it; assignments add up, so a lower scope can only
be stricter, and only an exemption with a reason and an expiry date lifts a rule. An initiative is a named list of rules
whose parameters an assignment may set. Owns the model and its resolution; `assignments_file` reads
`policies/assignments.yaml`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from infra.rules.policy.rule import Parameters
from infra.rules.violation import Violation


class Effect(StrEnum):
    """What happens if an assigned rule is broken. Not the severity of the rule."""

    DENY = "deny"
    AUDIT = "audit"
    MODIFY = "modify"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignedRule:
    """A rule as assigned at a scope.

    Attributes:
        assignment: Name of the assignment.
        scope: Scope of the assignment, e.g. `management group 'ml'`.
    """

    rule: str
    effect: Effect
    parameters: Parameters
    assignment: str
    scope: str

    def attributed(self, violation: Violation) -> Violation:
        """``violation`` with the assignment and its scope."""
        return replace(violation, assigned=f"assignment '{self.assignment}' at {self.scope}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """Exempts a resource from an assignment until a date.

    Attributes:
        rules: Rules of the assignment that the exemption covers; empty for all.
        resource: Pattern of resource ids, compared without case.
        expires: Last day of the exemption.
    """

    name: str
    assignment: str
    rules: tuple[str, ...]
    resource: str
    expires: dt.date
    reason: str

    def covers(self, assigned: AssignedRule, resource_id: str, today: dt.date) -> bool:
        """True if the resource is exempt from ``assigned`` on the day ``today``."""
        return (
            self.assignment == assigned.assignment
            and (not self.rules or assigned.rule in self.rules)
            and today <= self.expires
            and fnmatchcase(resource_id.lower(), self.resource.lower())
        )


class Level(StrEnum):
    """Level of a scope."""

    MANAGEMENT_GROUP = "management group"
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resource group"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """A management group, a subscription or a resource group, with everything below it.

    Attributes:
        pattern: Pattern of the ids or names in the scope, compared without case.
        root: True for a top-level management group, which applies to every subscription.
        tags: Tags of a subscription; resources may inherit them.
    """

    level: Level
    pattern: str
    root: bool = False
    tags: Mapping[str, str]
    rules: tuple[AssignedRule, ...]
    children: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Assignments:
    """The whole tree of scopes, and the exemptions."""

    roots: tuple[Scope, ...]
    exemptions: tuple[Exemption, ...]

    def effective(self, subscription: str, resource_group: str) -> list[AssignedRule]:
        """The rules that apply to the resource group, from the outermost scope inwards."""
        return [rule for scope in _holding(self.roots, subscription, resource_group) for rule in scope.rules]

    def pairs(self) -> list[tuple[str, Effect]]:
        """Every distinct pair of an assigned rule and its effect."""
        return sorted({(rule.rule, rule.effect) for scope in _all(self.roots) for rule in scope.rules})

    def assigned(self, rule: str) -> list[AssignedRule]:
        """Every assignment of a rule, from the outermost scope inwards."""
        return [row for scope in _all(self.roots) for row in scope.rules if row.rule == rule]

    def subscription_tags(self, subscription: str) -> dict[str, str]:
        """The tags of the subscription."""
        scopes = _holding(self.roots, subscription, "")
        return {name: value for scope in scopes for name, value in scope.tags.items()}


def _all(scopes: Iterable[Scope]) -> Iterator[Scope]:
    """Scopes and all below them, level by level."""
    pending = list(scopes)
    for scope in pending:
        yield scope
        pending += scope.children


def _holding(scopes: Iterable[Scope], subscription: str, resource_group: str) -> list[Scope]:
    """The scopes that apply to the resource group, outer ones first."""
    found = []
    for scope in scopes:
        below = _holding(scope.children, subscription, resource_group)
        if scope.level is Level.MANAGEMENT_GROUP:
            holds = scope.root or any(child.level is Level.SUBSCRIPTION for child in below)
        else:
            subject = subscription if scope.level is Level.SUBSCRIPTION else resource_group
            holds = fnmatchcase(subject.lower(), scope.pattern.lower())
        if holds:
            found += [scope, *below]
    return found
