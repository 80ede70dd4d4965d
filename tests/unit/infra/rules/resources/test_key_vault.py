"""Key vaults: each allowed value, and the nearest ones that are not."""

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources import key_vault
from infra.rules.resources.component_types import KEY_VAULT
from infra.rules.violation import Violation

RULES = [rule for rule in vars(key_vault).values() if isinstance(rule, Rule)]


def violations_of(rule: Rule, **props: object) -> list[Violation]:
    """The violations of ``rule`` in a key vault with these properties."""
    return list(rule.check(ResourceView(KEY_VAULT, props)))


@pytest.mark.parametrize("sku", ["standard", "premium"])
def test_key_vault_sku_passes(sku: str) -> None:
    assert violations_of(key_vault.limit_sku, sku=sku) == []


@pytest.mark.parametrize(("sku", "proposal"), [("Standard", "standard"), ("PREMIUM", "premium"), ("basic", "standard")])
def test_other_key_vault_sku_is_refused_with_the_one_that_is_meant(sku: str, proposal: str) -> None:
    (violation,) = violations_of(key_vault.limit_sku, sku=sku)

    assert f"set 'sku' to '{proposal}'" in violation.message
    assert f"'{sku}'" in violation.message


@pytest.mark.parametrize("days", [7, 8, 89, 90, 90.0])
def test_key_vault_retention_passes(days: float) -> None:
    assert violations_of(key_vault.limit_retention, softDeleteRetentionInDays=days) == []


@pytest.mark.parametrize("days", [6, 91, 0, -7, 365, "90"])
def test_key_vault_retention_outside_of_7_to_90_is_refused(days: object) -> None:
    (violation,) = violations_of(key_vault.limit_retention, softDeleteRetentionInDays=days)

    assert "7-90 days" in violation.message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_absent_properties_break_nothing(rule: Rule) -> None:
    assert violations_of(rule) == []
