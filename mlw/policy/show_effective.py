"""What `mlw policy effective` shows, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.rules.policy.evaluation import ApplicableRule
from mlw.output import table
from mlw.policy.effective_rules import Governed

HEADINGS = ("RULE", "EFFECT", "SCOPE", "ASSIGNMENT", "PARAMETERS")
NO_NAME = "(no name)"


def render(governed: Sequence[Governed]) -> str:
    """Lay out the result for people."""
    blocks = []
    for entry in governed:
        resource = entry.resource
        owner = f", of stack '{resource.existing_in}'" if resource.existing_in else ""
        title = f"{resource.kind} '{resource.name or NO_NAME}' (ml-workspace:{resource.section}{owner})"
        blocks.append(f"{title}\n{table(HEADINGS, [_row(applicable) for applicable in entry.rules])}")
    return "\n\n".join([*blocks, "Rules for the stack as a whole apply everywhere; `mlw policy list` shows them."])


def as_json(governed: Sequence[Governed]) -> list[dict[str, Any]]:
    """Return the result for programs."""
    return [
        {
            "resource": entry.resource.name,
            "kind": str(entry.resource.kind),
            "section": entry.resource.section,
            "resourceId": entry.resource.props.get("resourceId", ""),
            "existingIn": entry.resource.existing_in or None,
            "rules": [_as_json(applicable) for applicable in entry.rules],
        }
        for entry in governed
    ]


def _row(applicable: ApplicableRule) -> list[str]:
    assigned, exemption = applicable.assigned, applicable.exemption
    effect = f"exempt until {exemption.expires} ({exemption.reason})" if exemption else str(assigned.effect)
    parameters = "; ".join(f"{name}={_in_words(value)}" for name, value in assigned.parameters.items() if value)
    return [assigned.rule, effect, assigned.scope, assigned.assignment, parameters]


def _as_json(applicable: ApplicableRule) -> dict[str, Any]:
    assigned, exemption = applicable.assigned, applicable.exemption
    return {
        "rule": assigned.rule,
        "effect": str(assigned.effect),
        "scope": assigned.scope,
        "assignment": assigned.assignment,
        "parameters": dict(assigned.parameters),
        "exemption": {"name": exemption.name, "expires": str(exemption.expires), "reason": exemption.reason}
        if exemption
        else None,
    }


def _in_words(value: object) -> str:
    """A parameter on one line: entries separated by commas, values of a mapping in parentheses."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} ({_in_words(entry)})" if entry else str(key) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return str(value)
