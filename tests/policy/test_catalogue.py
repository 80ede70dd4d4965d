"""One rule one file: the path is the id, the first line says the same as the rule, and every rule is registered."""

import ast
import re
from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel

from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.resource_rules import RESOURCE_CHECKS
from infra.rules.stack.stack_rules import STACK_RULES
from policies import pack
from policies.catalogue import all_rules
from policies.judging import current_assignments

FOLDER = Path(pack.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*/*.py") if path.stem != "__init__")
VERBS = ("require", "forbid", "limit", "inherit")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_named_as_its_rule_and_its_first_line_says_what_the_rule_says(path: Path) -> None:
    rule_id = f"{path.parent.name}-{path.stem}".replace("_", "-")
    rule = all_rules()[rule_id]

    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) == f"{rule.id}: {rule.summary}"
    assert re.search(rf"-({'|'.join(VERBS)})-", rule.id)
    assert re.fullmatch(r"[a-zA-Z0-9-_.]{1,100}", rule.id)
    for text in (rule.summary, rule.why, rule.fix):
        assert text.endswith(".")


def test_rules_and_checks_are_the_same_set() -> None:
    assert set(all_rules()) == set(RESOURCE_CHECKS)
    assert len(FILES) == len(RESOURCE_CHECKS)


def test_every_rule_is_assigned_somewhere() -> None:
    assignments = current_assignments()
    effective = assignments.effective("any", "rg-churn-prod-001")

    assert {row.rule for row in effective} == set(all_rules())


def test_pack_registers_denied_rules_as_mandatory_and_audited_ones_as_advisory() -> None:
    registered = {policy.name: policy.enforcement_level for policy in pack.policies()}
    effective = current_assignments().effective("any", "rg-churn-prod-001")

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

    assert named - set(all_rules()) - set(STACK_RULES) == set()
    assert len(named) > 40
