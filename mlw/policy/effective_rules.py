"""Which rules apply to each resource of a stack file, and what those of effect audit have to say about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.rules.policy.evaluation import ApplicableRule
from infra.rules.policy.policy_assignments import Assignments, Effect
from infra.rules.policy.rule import ResourceView
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.violation import Violation
from infra.settings.config_reading import read
from infra.settings.loader import evaluator
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack
from infra.settings.resolving import resolve
from infra.stack_files.stack_file import read_stack_file


@dataclass(frozen=True, slots=True)
class Governed:
    """A resource and what applies to it."""

    resource: ResolvedResource
    view: ResourceView
    stack: ResolvedStack
    rules: tuple[ApplicableRule, ...]

    @property
    def exempt(self) -> frozenset[str]:
        """Ids of the rules that an exemption takes from it, by whichever assignment."""
        return frozenset(rule.rule.id for rule in self.rules if rule.exemption)


def effective_rules(
    stack: str,
    folder: Path,
    deployed: Sequence[Deployed] = (),
    *,
    assignments: Assignments | None = None,
    today: dt.date | None = None,
) -> list[Governed]:
    """Resolve what applies to every resource of a stack, outer scopes first.

    Args:
        stack: Name of the stack.
        folder: Where its file lies.
        deployed: What other stacks have, for existing resources.
        assignments: Which rules apply where; those of this checkout if not given.
        today: The day on which exemptions are judged.
    """
    given = read(read_stack_file(folder / f"Pulumi.{stack}.yaml")).input
    resolved = resolve(given, evaluator(assignments, today), deployed)
    return [
        Governed(resource, resolved.view(resource), resolved, tuple(resolved.rules(resource)))
        for resource in resolved.resources
    ]


def audited(governed: Iterable[Governed]) -> Iterator[Violation]:
    """Violations that refuse nothing: what the policy pack shows as advice. Another stack's resources are its own."""
    for entry in governed:
        for rule in entry.rules if not entry.resource.existing_in else ():
            if rule.effect is Effect.AUDIT and rule.rule.id not in entry.exempt:
                for violation in rule.check(entry.view):
                    yield entry.stack.locate(entry.resource, violation)
