"""Which changes Azure makes in place, and which would replace the resource: the table, row by row."""

from functools import partial

import pytest

from infra.rules.resources import component_types
from infra.rules.stack.resource_changes import check_change

check_storage_change = partial(check_change, component_types.STORAGE_ACCOUNT)
check_key_vault_change = partial(check_change, component_types.KEY_VAULT)
check_workspace_change = partial(check_change, component_types.WORKSPACE)

GROUP = "/subscriptions/s/resourceGroups/rg"
STORAGE: dict[str, object] = {
    "name": "stchurn",
    "location": "westeurope",
    "tags": {"owner": "a"},
    "resourceId": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stchurn",
    "kind": "StorageV2",
    "sku": "Standard_LRS",
    "isHnsEnabled": False,
    "accessTier": "Hot",
    "blobVersioning": True,
    "deleteRetentionDays": 7,
    "role": "default",
}
VAULT: dict[str, object] = {
    "name": "kv-churn",
    "location": "westeurope",
    "resourceId": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-churn",
    "sku": "standard",
    "softDeleteRetentionInDays": 90,
    "enablePurgeProtection": False,
}
WORKSPACE: dict[str, object] = {
    "name": "mlw-churn",
    "location": "westeurope",
    "resourceId": f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-churn",
    "description": "",
    "keyVault": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-churn",
    "storageAccount": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stchurn",
    "containerRegistry": f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/cr",
}

IN_PLACE = [
    {"tags": {}},
    {"accessTier": "Cool"},
    {"deleteRetentionDays": 30},
    {"blobVersioning": False},
    {"sku": "Standard_GRS"},
    {"sku": "Standard_RAGRS"},
    {"location": "West Europe"},
    {},
]
REPLACED = [
    ({"name": "stother"}, "name"),
    ({"name": "STCHURN"}, "name"),
    ({"location": "northeurope"}, "location"),
    (
        {"resourceId": "/subscriptions/s/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/stchurn"},
        "resourceId",
    ),
    ({"sku": "Standard_ZRS"}, "sku"),
    ({"sku": "Standard_GZRS"}, "sku"),
    ({"sku": "Premium_LRS"}, "sku"),
    ({"isHnsEnabled": True}, "isHnsEnabled"),
    ({"kind": "Storage"}, "kind"),
    ({"kind": "BlobStorage"}, "kind"),
]


@pytest.mark.parametrize("changed", IN_PLACE, ids=str)
def test_storage_change_in_place(changed: dict[str, object]) -> None:
    assert check_storage_change(STORAGE, STORAGE | changed) == []


def test_zone_redundant_skus_change_into_each_other() -> None:
    for sku in ("Standard_GZRS", "Standard_RAGZRS"):
        assert check_storage_change(STORAGE | {"sku": "Standard_ZRS"}, STORAGE | {"sku": sku}) == []


def test_upgrade_from_v1_to_v2_is_in_place_and_does_not_bring_a_namespace() -> None:
    old = STORAGE | {"kind": "Storage"}

    assert check_storage_change(old, STORAGE) == []
    assert [v.key for v in check_storage_change(old, STORAGE | {"isHnsEnabled": True})] == [
        "ml-workspace:storageAccount.isHnsEnabled"
    ]


@pytest.mark.parametrize(("changed", "key"), REPLACED, ids=str)
def test_storage_change_that_replaces_is_rejected_unless_the_stack_allows_it(
    changed: dict[str, object], key: str
) -> None:
    (violation,) = check_storage_change(STORAGE, STORAGE | changed)

    assert violation.key == f"ml-workspace:storageAccount.{key}"
    assert "data lost" in violation.message
    assert "'stchurn' to 'ml-workspace:allowReplacement'" in violation.message
    assert check_storage_change(STORAGE, STORAGE | changed, allowed=["STCHURN"]) == []
    assert len(check_storage_change(STORAGE, STORAGE | changed, allowed=["another"])) == 1


def test_rename_is_one_violation_although_the_id_changes_too() -> None:
    renamed = STORAGE | {"name": "stother", "resourceId": str(STORAGE["resourceId"]).replace("stchurn", "stother")}

    assert len(check_storage_change(STORAGE, renamed)) == 1


def test_additional_account_is_named_in_the_key() -> None:
    old = STORAGE | {"role": "additional"}

    (violation,) = check_storage_change(old, old | {"isHnsEnabled": True})

    assert violation.key == "ml-workspace:additionalStorageAccounts[stchurn].isHnsEnabled"


def test_key_vault_retention_is_set_once() -> None:
    (violation,) = check_key_vault_change(VAULT, VAULT | {"softDeleteRetentionInDays": 30})

    assert "it was 90" in violation.message
    assert check_key_vault_change(VAULT, VAULT | {"softDeleteRetentionInDays": 90.0, "sku": "premium"}) == []
    assert check_key_vault_change(VAULT, VAULT | {"softDeleteRetentionInDays": 30}, allowed=["kv-churn"]) == []


def test_purge_protection_is_never_switched_off_not_even_by_the_switch() -> None:
    protected = VAULT | {"enablePurgeProtection": True}

    assert check_key_vault_change(VAULT, protected) == []
    assert "never be switched off" in check_key_vault_change(protected, VAULT, allowed=["kv-churn"])[0].message


@pytest.mark.parametrize("key", ["keyVault", "storageAccount"])
def test_workspace_keeps_its_key_vault_and_storage_account(key: str) -> None:
    (violation,) = check_workspace_change(WORKSPACE, WORKSPACE | {key: f"{WORKSPACE[key]}2"})

    assert violation.key == f"ml-workspace:workspace.{key}"
    assert "can't be changed" in violation.message


def test_workspace_changes_text_tags_and_registry_in_place_and_ids_ignore_case() -> None:
    changed = {"description": "x", "friendlyName": "y", "tags": {}, "containerRegistry": "z"}

    assert check_workspace_change(WORKSPACE, WORKSPACE | changed) == []
    assert check_workspace_change(WORKSPACE, WORKSPACE | {"keyVault": str(WORKSPACE["keyVault"]).upper()}) == []


def test_registry_changes_sku_and_admin_in_place_but_not_its_region() -> None:
    old = {"name": "crx", "location": "westeurope", "sku": "Basic", "adminUserEnabled": True}

    assert (
        check_change(component_types.CONTAINER_REGISTRY, old, old | {"sku": "Premium", "adminUserEnabled": False}) == []
    )
    assert len(check_change(component_types.CONTAINER_REGISTRY, old, old | {"location": "eastus"})) == 1
