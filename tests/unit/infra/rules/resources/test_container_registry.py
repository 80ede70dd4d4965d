"""Container registries: each allowed value, and the nearest ones that are not."""

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources import container_registry
from infra.rules.resources.component_types import CONTAINER_REGISTRY
from infra.rules.violation import Violation

RULES = [rule for rule in vars(container_registry).values() if isinstance(rule, Rule)]


def violations_of(rule: Rule, **props: object) -> list[Violation]:
    """The violations of ``rule`` in a registry with these properties."""
    return list(rule.check(ResourceView(CONTAINER_REGISTRY, props)))


@pytest.mark.parametrize("sku", ["Basic", "Standard", "Premium"])
def test_registry_sku_passes(sku: str) -> None:
    assert violations_of(container_registry.limit_sku, sku=sku) == []


@pytest.mark.parametrize("sku", ["basic", "Classic", "Free", ""])
def test_other_registry_sku_is_refused(sku: str) -> None:
    assert "Basic, Standard, Premium" in violations_of(container_registry.limit_sku, sku=sku)[0].message


def test_registry_needs_its_admin_account() -> None:
    assert violations_of(container_registry.require_admin_user, adminUserEnabled=True) == []
    assert "admin account" in violations_of(container_registry.require_admin_user, adminUserEnabled=False)[0].message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_absent_properties_break_nothing(rule: Rule) -> None:
    assert violations_of(rule) == []
