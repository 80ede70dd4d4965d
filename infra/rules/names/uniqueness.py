"""Names that may exist only once: within a stack, and across the stacks of one backend.

A name is compared without case (N3) and within its kind's scope: of global scope means among all resources of that
kind. Who reads the other stacks' names is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.rules.names.name_rules import NAME_RULES, ResourceKind, Scope
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

RULE = StackRule(
    "naming-resource-require-unique-name",
    "A name exists once within its scope, over all stacks of the backend, whatever its case.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A name in use.

    Attributes:
        scope: The id of what the name is unique within; empty for global names.
        owner: Who has the name, as a message should call it, e.g. `stack 'fraud'`.
        stack: That stack's name.
        kept_until: How long it is kept, which is soft-deleted; empty for one that is not.
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
        """What may exist only once."""
        scope = "" if NAME_RULES[self.kind].scope is Scope.GLOBAL else self.scope.lower()
        return self.kind, scope, self.name.lower()


def check_unique(names: Iterable[Named], others: Iterable[Named] = ()) -> list[Violation]:
    """Violations by names that occur twice among ``names``, or in ``names`` and in ``others``."""
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
                found=f"{owner} has the {named.kind} '{first.name}' already{held}",
                allowed=f"a {named.kind} name that is unique {_scope_words(named.kind)}, whatever its case",
                fix=f"set '{named.key}' to another name{ways * bool(first.kept_until)}",
            )
        )
    return violations


def _scope_words(kind: ResourceKind) -> str:
    scope = NAME_RULES[kind].scope
    return "among all stacks" if scope is Scope.GLOBAL else f"within its {scope}"
