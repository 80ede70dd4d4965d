"""Key vault, registry, insights, workspace: each allowed value, and the nearest ones that are not."""

import pytest

from infra.rules.resources import service_values


@pytest.mark.parametrize("sku", ["standard", "premium"])
def test_key_vault_sku_passes(sku: str) -> None:
    assert service_values.check_key_vault_sku({"sku": sku}) == []


@pytest.mark.parametrize(("sku", "proposal"), [("Standard", "standard"), ("PREMIUM", "premium"), ("basic", "standard")])
def test_other_key_vault_sku_is_refused_with_the_one_that_is_meant(sku: str, proposal: str) -> None:
    (violation,) = service_values.check_key_vault_sku({"sku": sku})

    assert f"set 'sku' to '{proposal}'" in violation.message
    assert f"'{sku}'" in violation.message


@pytest.mark.parametrize("days", [7, 8, 89, 90, 90.0])
def test_key_vault_retention_passes(days: float) -> None:
    assert service_values.check_key_vault_retention({"softDeleteRetentionInDays": days}) == []


@pytest.mark.parametrize("days", [6, 91, 0, -7, 365, "90"])
def test_key_vault_retention_outside_of_7_to_90_is_refused(days: object) -> None:
    (violation,) = service_values.check_key_vault_retention({"softDeleteRetentionInDays": days})

    assert "7-90 days" in violation.message


@pytest.mark.parametrize("sku", ["Basic", "Standard", "Premium"])
def test_registry_sku_passes(sku: str) -> None:
    assert service_values.check_registry_sku({"sku": sku}) == []


@pytest.mark.parametrize("sku", ["basic", "Classic", "Free", ""])
def test_other_registry_sku_is_refused(sku: str) -> None:
    assert "Basic, Standard, Premium" in service_values.check_registry_sku({"sku": sku})[0].message


def test_registry_needs_its_admin_account() -> None:
    assert service_values.check_registry_admin({"adminUserEnabled": True}) == []
    assert "admin account" in service_values.check_registry_admin({"adminUserEnabled": False})[0].message


@pytest.mark.parametrize("days", [30, 60, 90, 120, 180, 270, 365, 550, 730])
def test_insights_retention_passes(days: int) -> None:
    assert service_values.check_insights_retention({"retentionInDays": days}) == []


@pytest.mark.parametrize(("days", "proposal"), [(0, 30), (31, 30), (100, 90), (364, 365), (731, 730), (7, 30)])
def test_other_insights_retention_is_refused_with_the_nearest(days: int, proposal: int) -> None:
    (violation,) = service_values.check_insights_retention({"retentionInDays": days})

    assert violation.fix == f"set 'retentionInDays' to {proposal}"


def test_workspace_sku_is_basic() -> None:
    assert service_values.check_workspace_sku({"sku": "Basic"}) == []
    for sku in ("Free", "Standard", "Premium", "Enterprise", "basic"):
        assert "'Basic'" in service_values.check_workspace_sku({"sku": sku})[0].message


def test_absent_properties_break_nothing() -> None:
    checks = [check for name, check in vars(service_values).items() if name.startswith("check_")]

    assert len(checks) == 6
    assert [check({}) for check in checks] == [[]] * 6
