"""`mlw policy list`: separate from the other policy commands, because it does not need to read stack files."""

from __future__ import annotations

from infra.rules.policy.catalogue import RULES
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.stack.stack_rules import STACK_RULES
from mlw.command import DONE, command
from mlw.data_output import Format, Output, prints_data
from mlw.output import table

HEADINGS = ("RULE", "SEVERITY", "APPLIES TO", "SUMMARY")
FIELDS = ("id", "severity", "appliesTo", "summary")
EVERY_RESOURCE = "every resource"
STACK = "the stack"


@command(
    examples=("mlw policy list", "mlw policy list --query \"[?severity=='high'].id\" -o tsv"),
    exit_codes={DONE: "listed"},
)
@prints_data(Format.TABLE, has_json_flag=True)
def list_rules(output: Output) -> int:
    """List all rules.

    First the rules that are assigned in policies/assignments.yaml, then the rules for the stack as a whole, which apply
    everywhere.
    """
    rows = rules()
    output.print([dict(zip(FIELDS, row, strict=True)) for row in rows], lambda: table(HEADINGS, rows))
    return DONE


def rules() -> list[tuple[str, str, str, str]]:
    """Id, severity, what it applies to and summary of every rule; assignable ones first."""
    assignable = [(rule.id, str(rule.severity), _sections(rule.applies_to), rule.summary) for rule in RULES.values()]
    return [*assignable, *((rule, "high", STACK, summary) for rule, summary in sorted(STACK_RULES.items()))]


def _sections(tokens: tuple[str, ...]) -> str:
    if len(tokens) == len(COMPONENT_TYPES):
        return EVERY_RESOURCE
    return ", ".join(COMPONENT_TYPES[token].section for token in tokens)
