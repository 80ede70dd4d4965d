"""Changes that would lose data are rejected before anything changes."""

from typing import Any

import pytest

from infra.clients.state import stack_states
from infra.resources.change_guard import ChangeGuardProvider
from infra.rules.resources.component_types import KEY_VAULT, STORAGE_ACCOUNT, WORKSPACE
from infra.rules.stack.deployed_resources import Deployed

ACCOUNT = {"name": "stchurn", "location": "westeurope", "kind": "StorageV2", "sku": "Standard_LRS", "role": "default"}
RUN = {"stack": "churn", "project": "ml-workspace"}
USER = Deployed("fraud", WORKSPACE, {"storageAccount": "/stchurn"})


@pytest.fixture(autouse=True)
def _others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_states, "deployed", lambda **_: [USER])


def _failures(old: dict[str, Any], new: dict[str, Any], *, allowed: tuple[str, ...] = ()) -> list[str]:
    def resources(properties: dict[str, Any]) -> dict[str, Any]:
        return {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": properties}}

    olds = {"resources": resources(old), "allowed": []}
    result = ChangeGuardProvider().check(olds, {**RUN, "resources": resources(new), "allowed": list(allowed)})
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
def test_a_change_that_replaces_is_rejected_with_a_remedy(change: dict[str, Any], named: str) -> None:
    (failure,) = _failures(ACCOUNT, {**ACCOUNT, **change})

    assert named in failure
    assert "allowReplacement" in failure


def test_a_replacement_that_the_stack_requests_passes() -> None:
    assert _failures(ACCOUNT, {**ACCOUNT, "sku": "Standard_ZRS"}, allowed=("stchurn",)) == []


def test_all_rejections_are_reported_together() -> None:
    vault = {"name": "kv", "location": "westeurope", "softDeleteRetentionInDays": 90, "enablePurgeProtection": True}
    before = {"type": KEY_VAULT, "properties": vault}
    after = {"type": KEY_VAULT, "properties": {**vault, "softDeleteRetentionInDays": 7, "enablePurgeProtection": False}}

    result = ChangeGuardProvider().check(
        {"resources": {"keyVault": before}}, {**RUN, "resources": {"keyVault": after}, "allowed": []}
    )

    assert len(result.failures) == 2


def test_the_first_run_and_an_added_resource_have_nothing_to_be_compared_with() -> None:
    news = {**RUN, "resources": {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": ACCOUNT}}, "allowed": []}

    assert ChangeGuardProvider().check({}, news).failures == []


def test_a_resource_that_another_stack_uses_is_not_removed() -> None:
    old = {"storageAccount": {"type": STORAGE_ACCOUNT, "properties": {**ACCOUNT, "resourceId": "/stchurn"}}}

    (failure,) = ChangeGuardProvider().check({"resources": old}, {**RUN, "resources": {}, "allowed": []}).failures

    assert "used by stack 'fraud'" in failure.reason


def test_an_optional_service_is_not_switched_off_with_its_data_unless_the_stack_allows_it() -> None:
    olds = {"resources": {}, "services": {"tracking": "mlw-churn-tracking"}}
    news = {**RUN, "resources": {}, "allowed": []}

    (failure,) = ChangeGuardProvider().check(olds, dict(news)).failures
    assert "'mlw-churn-tracking' would be deleted" in failure.reason
    assert ChangeGuardProvider().check(olds, {**news, "allowed": ["mlw-churn-tracking"]}).failures == []


def test_what_is_gone_is_not_remembered() -> None:
    provider, olds = ChangeGuardProvider(), {**RUN, "resources": {}, "services": {"tracking": "t"}, "locks": [{}]}
    news = {**RUN, "resources": {}}

    updated = provider.update("churn", olds, news).outs

    assert not provider.diff("churn", updated, news).changes
