"""`mlw policy explain`, `check` and `effective`: what the rules say, of one rule or of one stack file.

Checking judges as the program does, with what this and other stacks of the backend have; the engine and the Pulumi CLI
are not needed, since the state of a file backend is read as files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.host.project import PROJECT, require_stack_file, stack_folder
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.violation import Violation
from mlw.command import DONE, FAILED
from mlw.output import to_json
from mlw.policy import report
from mlw.policy.effective_rules import effective_rules
from mlw.policy.show_effective import as_json, render


class NoSuchRuleError(MlWorkspaceError):
    """No rule has the id."""


def explain(options: argparse.Namespace) -> int:
    """Print one rule."""
    try:
        text = report.explain(options.rule)
    except report.UnknownRuleError as exc:
        raise NoSuchRuleError(f"explaining a rule: {exc}. `mlw policy list` shows all.") from exc
    print(text)
    return DONE


def check(options: argparse.Namespace) -> int:
    """Print all violations of a stack file."""
    require_stack_file(options.stack)
    accepted = stack_states.accepted(PROJECT, options.stack)
    result = report.check_stack(options.stack, stack_folder(), _deployed(options.stack), accepted)
    if options.json:
        print(report.to_json(result))
    elif options.sarif:
        print(report.to_sarif(result))
    else:
        print(in_words(result))
    return FAILED if result.violations else DONE


def in_words(result: report.CheckResult) -> str:
    """Lay out a result for people."""
    count = len(result.violations)
    verdict = f"not valid: {count} violation{'s' if count != 1 else ''}" if count else "valid: no violation"
    lines = [f"stack '{result.stack}' is {verdict}", *_numbered(result.violations)]
    if result.warnings:
        lines += ["warnings, of rules that are assigned with effect audit:", *_numbered(result.warnings)]
    return "\n".join(lines)


def _numbered(violations: Sequence[Violation]) -> list[str]:
    return [f"  {n}. {found.message}" for n, found in enumerate(violations, 1)]


def effective(options: argparse.Namespace) -> int:
    """Print which rules hold for each resource of a stack."""
    require_stack_file(options.stack)
    found = effective_rules(options.stack, stack_folder(), _deployed(options.stack))
    print(to_json(as_json(found)) if options.json else render(found))
    return DONE


def _deployed(stack: str) -> list[Deployed]:
    return stack_states.deployed(project=PROJECT, except_stack=stack)
