"""Finds the rules that apply to each resource of a stack file, and the violations of those with effect audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.rules.policy.evaluation import ApplicableRule
from infra.rules.policy.policy_assignments import Assignments, Effect
from infra.rules.policy.rule import ResourceView
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.violation import Violation
from infra.settings.config_reading import read
from infra.settings.grouping import group
from infra.settings.loader import evaluator
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack
from infra.settings.resolving import resolve
from infra.settings.stack_checks import check_rules
from infra.stack_files.stack_file import read_stack_file


@dataclass(frozen=True, slots=True)
class Governed:
    """A resource and what applies to it."""

    resource: ResolvedResource
    view: ResourceView
    stack: ResolvedStack
    rules: tuple[ApplicableRule, ...]


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
        today: The date for checking exemptions.
    """
    given = read(read_stack_file(folder / f"Pulumi.{stack}.yaml")).input
    resolved = resolve(given, evaluator(assignments, today), deployed)
    return [
        Governed(resource, resolved.view(resource), resolved, tuple(resolved.rules(resource)))
        for resource in resolved.resources
    ]


def audited(governed: Sequence[Governed]) -> list[Violation]:
    """Violations that are warnings only, each reported once."""
    stack = governed[0].stack
    return group(check_rules(stack, Effect.AUDIT), stack)
