"""What `mlw policy` shows: one rule explained, a stack checked.

A library: returns everything, prints nothing. Checking a stack only reads its file. Results for machines are JSON and
SARIF 2.1.0, with which code review shows each violation at its line.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.rules.policy.catalogue import RULES
from infra.rules.policy.rule import Rule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.stack.stack_rules import STACK_RULES
from infra.rules.violation import HIDDEN, ConfigurationError, Violation
from infra.settings import load
from infra.stack_files.stack_file import open_stack_file
from mlw.output import to_json
from mlw.policy.effective_rules import audited, effective_rules

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVELS = {"high": "error", "medium": "warning", "low": "note"}


class UnknownRuleError(LookupError):
    """No rule has the id."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A stack's file and every violation in it.

    Attributes:
        violations: What an update rejects.
        warnings: Violations of rules that are assigned with effect audit.
    """

    stack: str
    path: Path
    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule in words: field to text, in the order in which they are shown."""

    rule: str
    summary: str
    fields: Mapping[str, str]

    def as_text(self) -> str:
        """Lay it out for people."""
        width = max(len(name) for name in self.fields) + 1
        lines = [f"  {f'{name}:'.ljust(width)} {text}" for name, text in self.fields.items()]
        return "\n".join([f"{self.rule}: {self.summary}", *lines])

    def as_json(self) -> dict[str, str]:
        """Return it for programs."""
        fields = {name[0].lower() + name[1:].title().replace(" ", "")[1:]: text for name, text in self.fields.items()}
        return {"id": self.rule, "summary": self.summary, **fields}


def explain(rule_id: str) -> Explanation:
    """What a rule requires, why, of which resources, and where it is documented.

    Raises:
        UnknownRuleError: There is no such rule; lists similar names.
    """
    if rule_id in STACK_RULES:
        return Explanation(rule_id, STACK_RULES[rule_id], {"Applies to": "the stack as a whole; applies everywhere"})
    if rule_id not in RULES:
        near = difflib.get_close_matches(rule_id, [*RULES, *STACK_RULES], n=5, cutoff=0.4)
        msg = f"no rule '{rule_id}'{'; similar: ' if near else ''}{', '.join(near)}"
        raise UnknownRuleError(msg)
    rule = RULES[rule_id]
    parameters = "; ".join(f"{name} (default {json.dumps(value)})" for name, value in rule.parameters.items())
    fields = {
        "Why": rule.why,
        "Applies to": ", ".join(COMPONENT_TYPES[token].section for token in rule.applies_to),
        "Severity": str(rule.severity),
        "Parameters": parameters or "none",
        "Source": rule.source,
        "Fix": rule.fix,
    }
    return Explanation(rule.id, rule.summary, fields)


def check_stack(
    stack: str, folder: Path, deployed: Sequence[Deployed] = (), accepted: AcceptedStack | None = None
) -> CheckResult:
    """Every violation in a stack's file.

    Args:
        stack: The stack's name.
        folder: Where its file lies.
        deployed: Resources of other stacks.
        accepted: Resources of the stack itself, after its last update.
    """
    path = folder / f"Pulumi.{stack}.yaml"
    file = open_stack_file(path)
    found = audited(effective_rules(stack, folder, deployed))
    warnings = tuple(violation.located(f"stacks/{path.name}") for violation in found)
    try:
        load(
            file.values,
            stack=stack,
            deployed=deployed,
            accepted=accepted,
            encrypted=file.encrypted,
            folder=folder,
        )
    except ConfigurationError as error:
        return CheckResult(stack, path, error.violations, _not_refused(warnings, error.violations))
    return CheckResult(stack, path, (), warnings)


def _not_refused(warnings: Iterable[Violation], violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Warnings without those that a rule with effect deny reports already."""
    told = {(violation.rule, violation.key) for violation in violations}
    return tuple(warning for warning in warnings if (warning.rule, warning.key) not in told)


def as_json(result: CheckResult) -> dict[str, Any]:
    """The result for programs; a value that may be a secret is not in it."""
    return {
        "stack": result.stack,
        "file": str(result.path),
        "valid": not result.violations,
        "violations": [_as_dict(violation) for violation in result.violations],
        "warnings": [_as_dict(violation) for violation in result.warnings],
    }


def to_sarif(result: CheckResult) -> str:
    """The result as SARIF 2.1.0."""
    file = open_stack_file(result.path)
    used = sorted({violation.rule for violation in (*result.violations, *result.warnings)})
    levels = [(found, _sarif_level(RULES.get(found.rule))) for found in result.violations]
    levels += [(found, "warning") for found in result.warnings]
    run = {
        "tool": {"driver": {"name": "mlw policy", "rules": [_sarif_rule(rule, RULES.get(rule)) for rule in used]}},
        "results": [
            {
                "ruleId": violation.rule,
                "level": level,
                "message": {"text": violation.message},
                "locations": [_sarif_location(result.path, file.line_of(violation.key))],
            }
            for violation, level in levels
        ],
    }
    return to_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _as_dict(violation: Violation) -> dict[str, Any]:
    return {
        "rule": violation.rule,
        "key": violation.key,
        "value": HIDDEN if violation.secret else violation.value,
        "found": violation.found,
        "allowed": violation.allowed,
        "fix": violation.advice,
        "assigned": violation.assigned,
        "message": violation.message,
    }


def _sarif_level(rule: Rule | None) -> str:
    return _SARIF_LEVELS[rule.severity] if rule else "error"


def _sarif_rule(rule_id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
    }


def _sarif_location(path: Path, line: int) -> dict[str, Any]:
    uri = f"stacks/{path.name}"
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
