"""Workspaces: the allowed SKU, and the nearest ones that are not."""

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources import workspace
from infra.rules.resources.component_types import WORKSPACE
from infra.rules.violation import Violation

RULES = [rule for rule in vars(workspace).values() if isinstance(rule, Rule)]


def violations_of(rule: Rule, **props: object) -> list[Violation]:
    """The violations of ``rule`` in a workspace with these properties."""
    return list(rule.check(ResourceView(WORKSPACE, props)))


def test_workspace_sku_is_basic() -> None:
    assert violations_of(workspace.limit_sku, sku="Basic") == []
    for sku in ("Free", "Standard", "Premium", "Enterprise", "basic"):
        assert "'Basic'" in violations_of(workspace.limit_sku, sku=sku)[0].message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_absent_properties_break_nothing(rule: Rule) -> None:
    assert violations_of(rule) == []
