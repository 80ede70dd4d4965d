"""Which rules hold for each resource of a stack file: what `mlw policy effective` shows.

Resolved as for an update: an assignment holds for its scope and everything below it, a rule only for the types that it
judges, an exemption until its last day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cli.tables import table
from infra.rules.assignments import AssignedRule, Assignments, Exemption
from infra.rules.checks import RESOURCE_CHECKS
from infra.rules.deployed import Deployed
from infra.settings.drafts import Draft
from infra.settings.loader import read_assignments
from infra.settings.reading import read
from infra.settings.resolving import resolve
from infra.settings.stack_file import read_stack_file

HEADINGS = ("RULE", "EFFECT", "SCOPE", "ASSIGNMENT", "PARAMETERS")
NO_NAME = "(no name)"


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


def render(governed: Sequence[Governed]) -> str:
    """Lay out the result for people."""
    blocks = []
    for entry in governed:
        resource = entry.resource
        owner = f", of stack '{resource.existing_in}'" if resource.existing_in else ""
        title = f"{resource.kind} '{resource.name or NO_NAME}' (ml-workspace:{resource.section}{owner})"
        blocks.append(f"{title}\n{table(HEADINGS, [_row(held) for held in entry.rules])}")
    return "\n\n".join([*blocks, "Rules of the stack as a whole hold everywhere: `mlw policy list`."])


def as_json(governed: Sequence[Governed]) -> list[dict[str, Any]]:
    """Return the result for programs."""
    return [
        {
            "resource": entry.resource.name,
            "kind": str(entry.resource.kind),
            "section": entry.resource.section,
            "resourceId": entry.resource.props.get("resourceId", ""),
            "existingIn": entry.resource.existing_in or None,
            "rules": [_as_json(held) for held in entry.rules],
        }
        for entry in governed
    ]


def _exemption(assignments: Assignments, rule: AssignedRule, draft: Draft, day: dt.date) -> Exemption | None:
    identity = str(draft.props.get("resourceId", ""))
    return next((found for found in assignments.exemptions if found.covers(rule, identity, day)), None)


def _row(held: Held) -> list[str]:
    rule, exemption = held.rule, held.exemption
    effect = f"exempt until {exemption.expires} ({exemption.reason})" if exemption else str(rule.effect)
    parameters = "; ".join(f"{name}={_in_words(value)}" for name, value in rule.parameters.items() if value)
    return [rule.rule, effect, rule.scope, rule.assignment, parameters]


def _as_json(held: Held) -> dict[str, Any]:
    rule, exemption = held.rule, held.exemption
    return {
        "rule": rule.rule,
        "effect": str(rule.effect),
        "scope": rule.scope,
        "assignment": rule.assignment,
        "parameters": dict(rule.parameters),
        "exemption": {"name": exemption.name, "expires": str(exemption.expires), "reason": exemption.reason}
        if exemption
        else None,
    }


def _in_words(value: object) -> str:
    """A parameter on one line: entries apart by commas, what an entry of a mapping holds in brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} ({_in_words(entry)})" if entry else str(key) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return str(value)
