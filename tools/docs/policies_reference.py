"""Writes `docs/policies.md` from the rules and the tables: `python -m tools.docs`.

A test compares the file with what this makes, so that the document can't say anything else than the rules do.
"""

from __future__ import annotations

from pathlib import Path

from infra.rules.names.name_rules import NAME_RULES, ResourceKind
from infra.rules.policy.assignments_file import read_assignments
from infra.rules.policy.catalogue import RULES
from infra.rules.policy.rule import Rule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.stack_rules import STACK_RULES

FILE = Path(__file__).parents[2] / "docs" / "policies.md"

_HEAD = """# Policies

Made by `python -m tools.docs` from the rules; do not edit. What is refused is refused before
anything is created: by the settings, with every violation at once, and by the policy pack, which `make up` and
`eval "$(make -s env)"` load, for whatever program registers the components.

Which rule holds where, with which parameters and which effect (deny, audit, modify, disabled), stands in
[`policies/assignments.yaml`](../policies/assignments.yaml). An assignment holds for its scope and everything below it;
the only way out is an exemption with a reason and a last day.
"""
_STACK_RULES = """
## Rules of the stack as a whole

They hold everywhere and are not assigned: a stack that breaks one can't be built, or would lose data.

| Rule | What holds |
|---|---|
"""
_NAMES = """
## Names

A name that is left out is made by the pattern type-workload-environment-location-instance of the Cloud Adoption
Framework. Where the region's full name makes it too long, the region's short code stands instead
(`kv-churn-dev-we-001`); what is too long even then is refused with a proposal, never cut.

| Resource | Abbreviation | Unique within | Rule | Reserved words refused | Source |
|---|---|---|---|---|---|
"""
_SOURCES = """
The codes of sources: N1 to N5 Azure's naming rules, G1 and G2 and T1 tags, M1 to M13 Azure Machine Learning, T2 to T10
the resource's own documentation, R1 to R3 ARM patterns, Q1 quotas, PS PSRule for Azure; eight hexadecimal digits stand
for one of Azure's built-in policies.
"""


def render() -> str:
    """The whole document."""
    sections = [_HEAD, "\n## Rules\n"]
    for rule in RULES.values():
        sections.append(_section(rule))
    sections += [_STACK_RULES, *(f"| {rule} | {summary} |\n" for rule, summary in STACK_RULES.items())]
    sections += [_NAMES, *(_name_row(kind) for kind in NAME_RULES), _SOURCES]
    return "".join(sections)


def _section(rule: Rule) -> str:
    applies = ", ".join(f"`{COMPONENT_TYPES[token].section}`" for token in rule.applies_to)
    if len(rule.applies_to) == len(COMPONENT_TYPES):
        applies = "every resource"
    assigned = [f"{found.effect} at {found.scope}" for found in read_assignments().assigned(rule.id)]
    parameters = ", ".join(f"`{name}`" for name in rule.parameters)
    rows = [
        f"\n### {rule.id}\n\n{rule.summary} {rule.why}\n\n",
        f"- Applies to: {applies}. Severity: {rule.severity}. Source: {rule.source}.\n",
        f"- Assigned: {', '.join(assigned) or 'not assigned'}.\n",
        f"- Parameters: {parameters}.\n" if parameters else "",
        f"- Fix: {rule.fix}\n",
    ]
    return "".join(rows)


def _name_row(kind: ResourceKind) -> str:
    rule = NAME_RULES[kind]
    reserved = "yes" if rule.public else "no"
    cells = [str(kind), rule.abbreviation or "none", str(rule.scope), rule.allowed, reserved, rule.source]
    return f"| {' | '.join(cells)} |\n"
