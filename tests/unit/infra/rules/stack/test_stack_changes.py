"""Changes to a stack's set of resources: which resources are compared, and which cannot be removed."""

from typing import Any

import pytest

from infra.rules.resources.changes import REPLACEMENT
from infra.rules.resources.component_types import CONTAINER_REGISTRY, STORAGE_ACCOUNT, WORKSPACE
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.stack_changes import IN_USE, REMOVAL, check_changes, resource_key

ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/"
Stack = dict[str, dict[str, Any]]


def stack(*names: str, **changed: object) -> Stack:
    """A stack with a default account of the first name and additional ones of the others."""
    made: Stack = {}
    for index, name in enumerate(names):
        role = "additional" if index else "default"
        props = {"name": name, "location": "westeurope", "resourceId": ID + name, "role": role} | changed
        made[resource_key(STORAGE_ACCOUNT, props)] = {"type": STORAGE_ACCOUNT, "properties": props}
    return made


def rules(before: Stack, wanted: Stack, *, allowed: tuple[str, ...] = (), used: str = "") -> list[str]:
    """Ids of the violated rules while the stack `fraud` uses the account ``used``."""
    fraud = Deployed("fraud", WORKSPACE, {"storageAccount": ID + used})
    return [violation.rule for violation in check_changes(before, wanted, allowed=allowed, deployed=[fraud])]


def test_name_identifies_a_resource_only_if_there_may_be_several() -> None:
    assert resource_key(CONTAINER_REGISTRY, {"name": "crchurn"}) == "containerRegistry"
    assert resource_key(STORAGE_ACCOUNT, {"name": "stchurn", "role": "default"}) == "storageAccount"
    assert resource_key(STORAGE_ACCOUNT, {"name": "stlake", "role": "additional"}) == "additionalStorageAccounts/stlake"


def test_first_update_and_an_added_account_have_nothing_to_be_compared_with() -> None:
    assert rules({}, stack("stchurn")) == []
    assert rules(stack("stchurn"), stack("stchurn", "stlake")) == []


def test_every_account_is_compared_with_itself() -> None:
    assert rules(stack("stchurn", "stlake"), stack("stchurn", "stlake")) == []
    assert rules(stack("stchurn", "stlake"), stack("stchurn", "stlake", location="eastus")) == [REPLACEMENT] * 2
    assert rules(stack("stchurn"), stack("stother")) == [REPLACEMENT]
    assert rules(stack("stchurn"), stack("stother"), allowed=("stchurn",)) == []


def test_account_is_deleted_with_its_data_only_if_the_stack_allows_it_by_name() -> None:
    both, one = stack("stchurn", "stlake"), stack("stchurn")
    assert rules(both, one, used="stchurn") == [REMOVAL]
    assert rules(both, one, allowed=("stchurn",), used="stchurn") == [REMOVAL]
    assert rules(both, one, allowed=("stLake",), used="stchurn") == []


@pytest.mark.parametrize(
    ("wanted", "used"),
    [(stack("stchurn"), "STLAKE"), (stack("stother", "stlake"), "stchurn"), ({}, "stchurn")],
    ids=["additional one left out", "renamed, as the stack allows", "existing elsewhere"],
)
def test_account_that_another_stack_uses_is_not_deleted(wanted: Stack, used: str) -> None:
    assert rules(stack("stchurn", "stlake"), wanted, allowed=("stchurn", "stlake"), used=used) == [IN_USE]


def test_message_names_the_resource_and_its_users() -> None:
    users = [Deployed(name, WORKSPACE, {"storageAccount": f"{ID}stlake"}) for name in ("fraud", "bank")]

    (violation,) = check_changes(stack("stchurn", "stlake"), stack("stchurn"), allowed=(), deployed=users)

    assert violation.message.startswith(
        "ml-workspace:additionalStorageAccounts[stlake]: the storage account 'stlake' would be deleted, but is used by "
        "stack 'bank', stack 'fraud'; allowed: 'stlake' unchanged while other stacks use it; to fix it: restore "
        "'stlake'"
    )
