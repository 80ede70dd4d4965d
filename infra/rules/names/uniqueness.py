"""Names that must be unique: within a stack, and across the stacks of one backend.

Names are compared without case (N3) and within the scope of their kind; global scope means all resources of that kind.
Reading the names of other stacks is the caller's job.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.rules.names.name_rules import NAME_RULES, ResourceKind, Scope
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

RULE = StackRule(
    "naming-resource-require-unique-name",
    "A name is unique within its scope, across all stacks of the backend; case does not matter.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A name in use.

    Attributes:
        scope: Id of the scope in which the name must be unique; empty for global names.
        owner: The owner of the name as shown in messages, e.g. `stack 'fraud'`.
        stack: Name of that stack.
        kept_until: When the retention of a soft-deleted resource ends; empty if it is not soft-deleted.
    """

    kind: ResourceKind
    name: str
    key: str = "name"
    scope: str = ""
    owner: str = ""
    stack: str = ""
    kept_until: str = ""

    @property
    def identity(self) -> tuple[ResourceKind, str, str]:
        """The key that must be unique."""
        scope = "" if NAME_RULES[self.kind].scope is Scope.GLOBAL else self.scope.lower()
        return self.kind, scope, self.name.lower()


def check_unique(names: Iterable[Named], others: Iterable[Named] = ()) -> list[Violation]:
    """Report names that occur twice in ``names``, or in both ``names`` and ``others``."""
    taken = {other.identity: other for other in others}
    violations = []
    for named in names:
        first = taken.setdefault(named.identity, named)
        if first is named:
            continue
        owner = first.owner or f"'{first.key}'"
        # M9: the name of what is soft-deleted counts as taken, with this explanation.
        held = f", soft-deleted and kept until {first.kept_until}: please purge or recover it" * bool(first.kept_until)
        ways = f", or run `mlw deleted recover {first.stack}` or `mlw deleted purge {first.stack} --yes`"
        violations.append(
            Violation(
                rule=RULE,
                key=named.key,
                value=named.name,
                found=f"{owner} already has the {named.kind} '{first.name}'{held}",
                allowed=f"a {named.kind} name that is unique {_scope_words(named.kind)}; case does not matter",
                fix=f"set '{named.key}' to another name{ways * bool(first.kept_until)}",
            )
        )
    return violations


def _scope_words(kind: ResourceKind) -> str:
    scope = NAME_RULES[kind].scope
    return "among all stacks" if scope is Scope.GLOBAL else f"within its {scope}"
