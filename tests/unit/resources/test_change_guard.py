"""Changes that would lose data are refused before anything is touched."""

from typing import Any

import pytest

from infra.clients import backend
from infra.resources.change_guard import _ChangeGuardProvider
from infra.rules.deployed import Deployed
from infra.rules.resources import KEY_VAULT, STORAGE_ACCOUNT, WORKSPACE

ACCOUNT = {"name": "stchurn", "location": "westeurope", "kind": "StorageV2", "sku": "Standard_LRS", "role": "default"}


def _failures(old: dict[str, Any], new: dict[str, Any], *, allowed: tuple[str, ...] = ()) -> list[str]:
    def resources(properties: dict[str, Any]) -> dict[str, Any]:
        return {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": properties}}

    olds = {"resources": resources(old), "allowed": []}
    result = _ChangeGuardProvider().check(olds, {"resources": resources(new), "allowed": list(allowed)})
    return [failure.reason for failure in result.failures]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sku": "Standard_GRS"}, id="redundancy within a family"),
        pytest.param({"tags": {"owner": "b"}}, id="tags"),
        pytest.param({"accessTier": "Cool"}, id="access tier"),
    ],
)
def test_a_change_that_azure_makes_in_place_passes(change: dict[str, Any]) -> None:
    assert _failures(ACCOUNT, {**ACCOUNT, **change}) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"name": "stother"}, "stother", id="another name"),
        pytest.param({"sku": "Standard_ZRS"}, "Standard_ZRS", id="redundancy of another family"),
        pytest.param({"location": "northeurope"}, "northeurope", id="another region"),
    ],
)
def test_a_change_that_replaces_is_refused_with_the_way_out(change: dict[str, Any], named: str) -> None:
    (failure,) = _failures(ACCOUNT, {**ACCOUNT, **change})

    assert named in failure
    assert "allowReplacement" in failure


def test_a_replacement_that_the_stack_asks_for_passes() -> None:
    assert _failures(ACCOUNT, {**ACCOUNT, "sku": "Standard_ZRS"}, allowed=("stchurn",)) == []


def test_all_refusals_come_at_once() -> None:
    vault = {"name": "kv", "location": "westeurope", "softDeleteRetentionInDays": 90, "enablePurgeProtection": True}
    before = {"type": KEY_VAULT, "properties": vault}
    after = {"type": KEY_VAULT, "properties": {**vault, "softDeleteRetentionInDays": 7, "enablePurgeProtection": False}}

    result = _ChangeGuardProvider().check(
        {"resources": {"keyVault": before}}, {"resources": {"keyVault": after}, "allowed": []}
    )

    assert len(result.failures) == 2


def test_the_first_run_and_an_added_resource_have_nothing_to_be_compared_with() -> None:
    news = {"resources": {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": ACCOUNT}}, "allowed": []}

    assert _ChangeGuardProvider().check({}, news).failures == []


ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/"


def _given_up(monkeypatch: pytest.MonkeyPatch, new: dict[str, Any], *, used: str) -> list[str]:
    """What is said when the account `stchurn` becomes ``new`` while the stack `fraud` uses the resource ``used``."""
    fraud = [Deployed("fraud", WORKSPACE, {"storageAccount": used})]
    monkeypatch.setattr(backend, "deployed", lambda **_: fraud)
    news = {"stack": "churn", "project": "ml-workspace", "allowed": ["stchurn"], "resources": new}
    old = {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": {**ACCOUNT, "resourceId": f"{ID}stchurn"}}}
    return [failure.reason for failure in _ChangeGuardProvider().check({"resources": old}, news).failures]


def _account(name: str) -> dict[str, Any]:
    properties = {**ACCOUNT, "name": name, "resourceId": ID + name}
    return {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": properties}}


@pytest.mark.parametrize("new", [{}, _account("stother")], ids=["left out", "renamed, as the stack allows"])
def test_a_resource_that_another_workspace_uses_is_not_given_up(
    monkeypatch: pytest.MonkeyPatch, new: dict[str, Any]
) -> None:
    (failure,) = _given_up(monkeypatch, new, used=f"{ID}STCHURN")

    assert "'stchurn' by stack 'fraud'" in failure


def test_a_resource_that_nobody_else_uses_may_be_given_up_and_a_used_one_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _given_up(monkeypatch, {}, used=f"{ID}stfraud") == []
    assert _given_up(monkeypatch, _account("stchurn"), used=f"{ID}stchurn") == []
