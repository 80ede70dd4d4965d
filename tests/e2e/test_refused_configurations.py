"""What Azure would reject is rejected here, in update and preview, before anything exists.

One row for each class of rule; the rules themselves, with all their limits, are tested without an engine.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.processes import Finished
from tests.support.refusals import assert_refused
from tests.support.stack_file import REQUIRED_TAGS, together
from tests.support.stacks import Stack, ephemeral_stack

LAKE = {"name": "stlake001", "isHnsEnabled": True, "blobVersioning": True}


class Refused(NamedTuple):
    """A change to a valid stack file, and the four things that the message must say."""

    changed: Mapping[str, Any]
    key: str
    value: str
    allowed: str
    fix: str


CASES: dict[str, Refused] = {
    "name with a reserved word": Refused(
        {"keyVault": {"name": "kv-microsoft-1"}},
        "ml-workspace:keyVault.name",
        "'kv-microsoft-1'",
        "no reserved word",
        "set 'name' to a legal name",
    ),
    "too many tags": Refused(
        {"tags": {**REQUIRED_TAGS, **{f"t{number}": "x" for number in range(48)}}},
        "ml-workspace:tags",
        "51 tags",
        "at most 50 on a resource",
        "remove 1",
    ),
    "tags that differ only in case": Refused(
        {"tags": {**REQUIRED_TAGS, "Owner": "somebody"}},
        "ml-workspace:tags",
        "'Owner and owner'",
        "one tag per name",
        "keep one of them",
    ),
    "tag that only a storage account refuses": Refused(
        {"tags": {**REQUIRED_TAGS, "n" * 129: "x"}},
        "ml-workspace:tags",
        f"'{'n' * 129}'",
        "1-128 characters",
        "rename the tag",
    ),
    "tag with a secret": Refused(
        {"tags": {**REQUIRED_TAGS, "password": "hunter2hunter2"}},
        "ml-workspace:tags.password",
        "(hidden, it looks like a secret)",
        "values that are not secret",
        "store the secret in the key vault",
    ),
    "Premium default account": Refused(
        {"storageAccount": {"sku": "Premium_LRS"}},
        "ml-workspace:storageAccount.sku",
        "'Premium_LRS'",
        "Standard_LRS, Standard_GRS",
        "set 'sku' to 'Standard_LRS'",
    ),
    "versions in a hierarchical namespace": Refused(
        {"additionalStorageAccounts": [LAKE]},
        "ml-workspace:additionalStorageAccounts[0].blobVersioning",
        "is true",
        "allowed: false",
        "set 'blobVersioning' or 'isHnsEnabled' to false",
    ),
    "registry that a workspace cannot use": Refused(
        {"containerRegistry": {"adminUserEnabled": False}},
        "ml-workspace:containerRegistry.adminUserEnabled",
        "is false",
        "allowed: true",
        "set 'adminUserEnabled' to true",
    ),
    "container of a datastore": Refused(
        {"datastores": [{"name": "features", "type": "AzureBlob", "container": "fea--tures"}]},
        "ml-workspace:datastores[0].container",
        "'fea--tures'",
        "no two hyphens in a row",
        "set 'container' to e.g. 'fea-tures'",
    ),
}

TEN: dict[str, Any] = {
    "environment": "qa",
    "location": "atlantis",
    "subscription": "main",
    "storageAccount": {"kind": "BlobStorage", "deleteRetentionDays": 366},
    "containerRegistry": {"sku": "Gold"},
    "keyVault": {"name": "1-vault", "softDeleteRetentionInDays": 91},
    "applicationInsights": {"retentionInDays": 31},
    "workspace": {"sku": "Enterprise"},
}
KEYS_OF_TEN = (
    "environment is 'qa'",
    "location is 'atlantis'",
    "subscription is 'main'",
    "storageAccount.kind is 'BlobStorage'",
    "storageAccount.deleteRetentionDays is 366",
    "containerRegistry.sku is 'Gold'",
    "keyVault.name is '1-vault'",
    "keyVault.softDeleteRetentionInDays is 91",
    "applicationInsights.retentionInDays is 31",
    "workspace.sku is 'Enterprise'",
)


@pytest.fixture(scope="module")
def stack(environment: Environment) -> Iterator[Stack]:
    """One stack that never starts; every test gives it another stack file."""
    with ephemeral_stack(environment) as stack:
        yield stack


def made_of(stack: Stack, engine: DockerClient) -> Inventory:
    """What the engine holds by the name of the stack's workload; labels may be what was forgotten."""
    held = take_inventory(engine)
    objects = (held.containers, held.volumes, held.networks)
    containers, volumes, networks = (
        {key: name for key, name in kind.items() if stack.workload in name} for kind in objects
    )
    return Inventory(containers=containers, volumes=volumes, networks=networks)


@pytest.fixture(scope="module")
def said(stack: Stack) -> dict[str, Finished]:
    """What an update says about each case; one stack file holds the cases that change different keys."""
    found: dict[str, Finished] = {}
    for names in together({name: case.changed for name, case in CASES.items()}):
        stack.configure(**{key: value for name in names for key, value in CASES[name].changed.items()})
        found |= dict.fromkeys(names, stack.pulumi("up", "--yes", "--skip-preview"))
    return found


@pytest.mark.parametrize("name", CASES, ids=str)
def test_stack_that_azure_would_reject_is_rejected_and_nothing_is_created(
    stack: Stack, said: dict[str, Finished], engine: DockerClient, name: str
) -> None:
    finished = said[name]

    assert_refused(finished, *CASES[name][1:], f"stacks/Pulumi.{stack.name}.yaml")
    assert "hunter2" not in finished.output
    assert not stack.objects()
    assert not made_of(stack, engine)


def test_preview_rejects_with_the_same_message(stack: Stack) -> None:
    case = CASES["tag with a secret"]
    stack.configure(**case.changed)

    finished = stack.pulumi("preview")

    assert_refused(finished, *case[1:], f"stacks/Pulumi.{stack.name}.yaml")
    assert "hunter2" not in finished.output


def test_ten_violations_in_one_stack_file_are_ten_messages_of_one_run(stack: Stack, engine: DockerClient) -> None:
    stack.configure(**TEN)

    finished = stack.pulumi("up", "--yes", "--skip-preview")

    assert_refused(finished, "10 violations, nothing was created", *KEYS_OF_TEN)
    said = re.findall(r"(?m)^ +(\d+)\. ml-workspace:.+; allowed: .+; to fix it in .+: .+$", finished.output)
    assert [int(number) for number in said] == list(range(1, 11))
    assert not made_of(stack, engine)
