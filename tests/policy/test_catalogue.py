"""Every rule is declared once, listed in the catalogue, assigned, and registered by the pack."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel

import infra.rules
from infra.rules.policy.assignments_file import read_assignments
from infra.rules.policy.catalogue import RULES
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import Rule, StackRule
from infra.rules.stack.stack_rules import STACK_RULES
from policies import pack

FOLDER = Path(pack.__file__).parent
MODULES = [module.name for module in pkgutil.walk_packages(infra.rules.__path__, "infra.rules.") if not module.ispkg]
VERBS = ("require", "forbid", "limit", "inherit")


@pytest.mark.parametrize("rule_id", RULES)
def test_id_has_a_verb_and_every_text_is_a_sentence(rule_id: str) -> None:
    rule = RULES[rule_id]

    assert re.search(rf"-({'|'.join(VERBS)})-", rule.id)
    assert re.fullmatch(r"[a-zA-Z0-9-_.]{1,100}", rule.id)
    for text in (rule.summary, rule.why, rule.fix):
        assert text.endswith(".")


@pytest.mark.parametrize("module", MODULES)
def test_every_declared_rule_is_in_the_catalogue(module: str) -> None:
    declared = vars(importlib.import_module(module)).values()

    assert all(RULES[rule.id] is rule for rule in declared if isinstance(rule, Rule))
    assert all(STACK_RULES[rule] == rule.summary for rule in declared if isinstance(rule, StackRule))


def test_no_id_is_declared_twice() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(infra.rules.__path__[0]).rglob("*.py"))]

    assert [rule for rule in RULES if sum(text.count(f'"{rule}"') for text in texts) > 1] == []


def test_every_rule_is_assigned_somewhere() -> None:
    effective = read_assignments().effective("any", "rg-churn-prod-001")

    assert {row.rule for row in effective} == set(RULES)


def test_pack_registers_denied_rules_as_mandatory_and_audited_ones_as_advisory() -> None:
    registered = {policy.name: policy.enforcement_level for policy in pack.policies()}
    effective = read_assignments().effective("any", "rg-churn-prod-001")

    assert registered == {
        row.rule if row.effect is Effect.DENY else f"{row.rule}.audit": (
            EnforcementLevel.MANDATORY if row.effect is Effect.DENY else EnforcementLevel.ADVISORY
        )
        for row in effective
        if row.effect in {Effect.DENY, Effect.AUDIT}
    }


def test_only_the_adapter_imports_the_policy_sdk() -> None:
    importing = {
        str(path.relative_to(FOLDER))
        for path in FOLDER.rglob("*.py")
        if re.search(r"^(from|import) pulumi", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert importing == {"pack.py"}


def test_every_rule_that_the_code_names_is_documented() -> None:
    named = {
        node.value
        for path in sorted((FOLDER.parent / "infra").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z]+(-[a-z]+)*-(require|forbid|limit)(-[a-z]+)*", node.value)
    }

    assert named - set(RULES) - set(STACK_RULES) == set()
    assert len(named) > 40
