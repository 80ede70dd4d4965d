"""`mlw policy explain`, `check` and `effective`.

Checks apply the same rules as the program, including the states of this and other stacks of the backend; neither the
engine nor the Pulumi CLI is needed, because the state of a file backend is read as files.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.host.project import PROJECT, require_stack_file, stack_folder
from infra.rules.policy.catalogue import RULES
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.stack_rules import STACK_RULES
from infra.rules.violation import Violation
from mlw.command import DONE, FAILED, REFUSED, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.policy import report
from mlw.policy.effective_rules import effective_rules
from mlw.policy.show_effective import as_json, render


class NoSuchRuleError(MlWorkspaceError):
    """No rule has the id."""


_UNCHECKED = "not checked: wrong command line, no such stack or rule, or a file that cannot be read"


def rule_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Rules for shell completion."""
    return sorted(name for name in (*RULES, *STACK_RULES) if name.startswith(incomplete))


@command(
    examples=("mlw policy explain tags-resource-require-tags",),
    exit_codes={DONE: "explained", REFUSED: _UNCHECKED},
    on_error=REFUSED,
)
@click.argument(
    "rule", metavar="RULE", shell_complete=rule_names, help="Id of the rule, as `mlw policy list` prints it."
)
@prints_data(Format.TABLE)
def explain(rule: str, output: Output) -> int:
    """Explain one rule.

    What the rule requires and why, to which resources it applies, its parameters, and how to comply.
    """
    try:
        explanation = report.explain(rule)
    except report.UnknownRuleError as exc:
        raise NoSuchRuleError(f"explaining a rule: {exc}. `mlw policy list` shows all.") from exc
    output.print(explanation.as_json(), explanation.as_text)
    return DONE


@command(
    examples=("mlw policy check dev", "mlw policy check dev --json", "mlw policy check dev --sarif > check.sarif"),
    exit_codes={DONE: "no violation; there may be warnings", FAILED: "violations were found", REFUSED: _UNCHECKED},
    on_error=REFUSED,
    exclusive=[("sarif", "json_flag"), ("sarif", "output_format"), ("sarif", "query")],
)
@STACK
@prints_data(Format.TABLE, has_json_flag=True)
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0, for code review.")
def check(stack: str, *, sarif: bool, output: Output) -> int:
    """Check a stack file against all rules.

    Checks the file as `pulumi up` would, including names that other stacks use and resources of other stacks, and
    changes nothing. Violations of rules with effect `audit` are shown as warnings. Needs neither Docker nor the Pulumi
    CLI.
    """
    require_stack_file(stack)
    accepted = stack_states.accepted(PROJECT, stack)
    result = report.check_stack(stack, stack_folder(), _deployed(stack), accepted)
    if sarif:
        print(report.to_sarif(result))
    else:
        output.print(report.as_json(result), lambda: in_words(result))
    return FAILED if result.violations else DONE


def in_words(result: report.CheckResult) -> str:
    """Lay out a result for people."""
    count = len(result.violations)
    verdict = f"not valid: {count} violation{'s' if count != 1 else ''}" if count else "valid: no violation"
    lines = [f"stack '{result.stack}' is {verdict}", *_numbered(result.violations)]
    if result.warnings:
        lines += ["warnings (rules that are assigned with effect audit):", *_numbered(result.warnings)]
    return "\n".join(lines)


def _numbered(violations: Sequence[Violation]) -> list[str]:
    return [f"  {n}. {found.message}" for n, found in enumerate(violations, 1)]


@command(
    examples=(
        "mlw policy effective dev",
        "mlw policy effective prod --query '[].{resource: resource, rules: rules[].rule}' -o json",
    ),
    exit_codes={DONE: "printed", REFUSED: _UNCHECKED},
    on_error=REFUSED,
)
@STACK
@prints_data(Format.TABLE, has_json_flag=True)
def effective(stack: str, output: Output) -> int:
    """Show which rules apply to each resource, and why.

    For each resource in the stack file: the rule, its effect, the scope and the assignment that it comes from, its
    parameters, and exemptions that are valid today.
    """
    require_stack_file(stack)
    found = effective_rules(stack, stack_folder(), _deployed(stack))
    output.print(as_json(found), lambda: render(found))
    return DONE


def _deployed(stack: str) -> list[Deployed]:
    return stack_states.deployed(project=PROJECT, except_stack=stack)
