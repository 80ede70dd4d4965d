"""Which rules hold for each resource of a stack file, and what those of effect audit have to say about it.

Resolved as for an update: an assignment holds for its scope and everything below it, a rule only for the types that it
judges, an exemption until its last day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect, Exemption
from infra.rules.policy.resource_rules import RESOURCE_CHECKS
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.violation import Violation
from infra.settings.config_reading import NAMESPACE, read
from infra.settings.loader import read_assignments
from infra.settings.resolution import Draft
from infra.settings.resolving import resolve
from infra.settings.stack_file import read_stack_file


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds for a resource, and the exemption from it if there is one today."""

    rule: AssignedRule
    exemption: Exemption | None


@dataclass(frozen=True, slots=True)
class Governed:
    """A resource and what holds for it."""

    resource: Draft
    rules: tuple[Held, ...]


def effective_rules(
    stack: str,
    folder: Path,
    deployed: Sequence[Deployed] = (),
    *,
    assignments: Assignments | None = None,
    today: dt.date | None = None,
) -> list[Governed]:
    """Resolve what holds for every resource of a stack, outer scopes first.

    Args:
        stack: Name of the stack.
        folder: Where its file lies.
        deployed: What other stacks have, for resources that are brought along.
        assignments: Which rules hold where; those of this checkout if not given.
        today: The day on which exemptions are judged.
    """
    known = assignments or read_assignments()
    day = today or dt.datetime.now(tz=dt.UTC).date()
    resolution = resolve(read(read_stack_file(folder / f"Pulumi.{stack}.yaml")).input, known, deployed)
    return [
        Governed(
            draft,
            tuple(
                Held(rule, _exemption(known, rule, draft, day))
                for rule in resolution.effective
                if draft.type_token in RESOURCE_CHECKS[rule.rule].applies_to
            ),
        )
        for draft in resolution.drafts
    ]


def audited(governed: Iterable[Governed]) -> Iterator[Violation]:
    """Violations that refuse nothing: what the policy pack shows as advice. Another stack's resources are its own."""
    for entry in governed:
        resource = entry.resource
        for held in entry.rules if not resource.existing_in else ():
            rule = held.rule
            if rule.effect is Effect.AUDIT and held.exemption is None:
                check = RESOURCE_CHECKS[rule.rule].check
                for violation in check(resource.type_token, resource.judged, rule.parameters):
                    yield rule.attributed(violation.under(f"{NAMESPACE}{resource.section}"))


def _exemption(assignments: Assignments, rule: AssignedRule, draft: Draft, day: dt.date) -> Exemption | None:
    identity = str(draft.props.get("resourceId", ""))
    return next((found for found in assignments.exemptions if found.covers(rule, identity, day)), None)
