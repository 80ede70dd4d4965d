"""Changes to a running workspace: in place with all data, as in Azure, and rejected if data would be lost."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged, assert_updated_in_place
from tests.support.vault import MOUNT, read_secret, vault_client, write_secret

BUCKET = "azureml"
VAULT_TAGS = "ml-workspace/key-vault"
UNTAGGED = ("endpoints", "datastores", "credentials")
UNUSUAL, UNUSUAL_IN_SERVICES = "50 % done, <b>", "50 =25 done=2C =3Cb=3E"
"""A value that Azure accepts and buckets do not, and its encoded form there."""


def brought_up(stack: Stack) -> LiveStack:
    """Bring a stack up with its current settings."""
    stack.configure()
    stack.up().check()
    return LiveStack(stack=stack, outputs=stack.outputs())


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace whose vault has purge protection."""
    with ephemeral_stack(environment) as stack:
        stack.settings["keyVault"]["enablePurgeProtection"] = True
        yield brought_up(stack)


@pytest.fixture(scope="module")
def old(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with a general-purpose v1 account."""
    with ephemeral_stack(environment, storageAccount={"kind": "Storage"}) as stack:
        yield brought_up(stack)


def tags_in_services(live: LiveStack) -> list[dict[str, str]]:
    """The tags that the account's container and the vault report to their clients."""
    on_bucket = s3_client(live.outputs).get_bucket_tagging(Bucket=BUCKET)["TagSet"]
    kv = vault_client(live.outputs).secrets.kv.v2
    on_vault = kv.read_secret_metadata(path=VAULT_TAGS, mount_point=MOUNT)["data"]["custom_metadata"]
    return [{tag["Key"]: tag["Value"] for tag in on_bucket}, on_vault]


def resources_in_state(stack: Stack) -> list[dict[str, Any]]:
    """A stack's resources in the state, by URN.

    Not when, nor how secrets are encrypted, nor in which order resources were registered: all of that may change each
    time.
    """
    state = json.loads((stack.environment.state_folder / "stacks" / "ml-workspace" / f"{stack.name}.json").read_text())
    return [
        {key: without_ciphertext(value) for key, value in resource.items() if key != "modified"}
        for resource in sorted(state["checkpoint"]["latest"]["resources"], key=lambda resource: str(resource["urn"]))
    ]


def without_ciphertext(value: object) -> object:
    """A value of the state with every secret replaced by one word."""
    if isinstance(value, dict):
        return "secret" if "ciphertext" in value else {key: without_ciphertext(part) for key, part in value.items()}
    return [without_ciphertext(part) for part in value] if isinstance(value, list) else value


def properties_in_state(stack: Stack, section: str) -> Mapping[str, Any]:
    """The Azure properties of a resource, as the state holds them."""
    (found,) = (r["inputs"] for r in resources_in_state(stack) if r["type"] == section)
    return dict(found)


def test_tags_are_changed_everywhere_in_place(live: LiveStack, marker: str) -> None:
    s3_client(live.outputs).put_object(Bucket=BUCKET, Key=marker, Body=b"kept")
    write_secret(live.outputs, marker, {"kept": "yes"})
    objects, tags = live.stack.objects().identities, live.stack.settings["tags"]
    changed = {**tags, "cost-center": "4712", "Phase 2": UNUSUAL}

    for wanted, told in ((changed, {**changed, "Phase 2": UNUSUAL_IN_SERVICES}), (tags, tags)):
        live.stack.configure(tags=wanted)
        update = live.stack.up()
        outputs = live.stack.outputs()
        record = outputs["workspace"]

        assert_updated_in_place(update)
        assert live.stack.objects().identities == objects
        assert tags_in_services(live) == [told, told]
        assert record == {**live.outputs["workspace"], "tags": wanted}
        assert {**outputs, "workspace": {}, "resourceGroup": {}} == {
            **live.outputs,
            "workspace": {},
            "resourceGroup": {},
        }
        document = s3_client(live.outputs).get_object(Bucket=BUCKET, Key="workspace.json")["Body"].read()
        assert json.loads(document) == record
    assert s3_client(live.outputs).get_object(Bucket=BUCKET, Key=marker)["Body"].read() == b"kept"
    assert read_secret(live.outputs, marker) == {"kept": "yes"}


def test_limits_of_services_are_changed_and_removed_with_all_data_kept(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    s3_client(live.outputs).put_object(Bucket=BUCKET, Key=marker, Body=b"kept")
    write_secret(live.outputs, marker, {"kept": "yes"})
    limits = {"storageAccount": {"memoryInGB": 0.75}, "keyVault": {"cpu": 1, "memoryInGB": 0.25}}

    def limited(resource: str) -> tuple[int, int, int]:
        host = engine.containers.get(live.container_of(resource)).attrs["HostConfig"]
        return host["NanoCpus"], host["Memory"], host["MemorySwap"]

    before = {resource: limited(resource) for resource in ("storageAccount", "keyVault", "applicationInsights")}
    storage = engine.containers.get(live.container_of("storageAccount")).id
    live.stack.configure(limits=limits)
    live.stack.up().check()

    assert limited("storageAccount") == (0, 768 << 20, 768 << 20)
    assert engine.containers.get(live.container_of("storageAccount")).id == storage, "memory changes in place"
    assert limited("keyVault") == (1_000_000_000, 256 << 20, 256 << 20)
    assert limited("applicationInsights") == before["applicationInsights"]
    assert s3_client(live.outputs).get_object(Bucket=BUCKET, Key=marker)["Body"].read() == b"kept"
    assert read_secret(live.outputs, marker) == {"kept": "yes"}
    assert_unchanged(live.stack.preview())
    live.stack.configure()
    live.stack.up().check()
    assert {resource: limited(resource) for resource in before} == before
    assert live.stack.outputs() == live.outputs


def test_more_cpus_than_available_are_refused_before_anything_changes(live: LiveStack) -> None:
    objects = live.stack.objects().identities
    live.stack.configure(limits={"keyVault": {"cpu": 63.5}})

    refused = live.stack.up()

    assert refused.finished.exit_code != 0
    assert "'ml-workspace:limits.keyVault.cpu' is 63.5; allowed: at most" in "".join(refused.messages)
    assert live.stack.objects().identities == objects
    live.stack.configure()


def test_what_azure_changes_in_place_is_changed_in_place_and_back(live: LiveStack, marker: str) -> None:
    s3 = s3_client(live.outputs)
    first = s3.put_object(Bucket=BUCKET, Key=marker, Body=b"first")["VersionId"]
    objects = live.stack.objects().identities
    account = {"accessTier": "Cool", "deleteRetentionDays": 30, "blobVersioning": False, "sku": "Standard_GRS"}

    live.stack.configure(storageAccount=account, workspace={"friendlyName": marker, "description": "changed"})
    changed = live.stack.up()
    state = properties_in_state(live.stack, "ml-workspace:storage:StorageAccount")
    outputs, versioning = live.stack.outputs(), s3.get_bucket_versioning(Bucket=BUCKET)["Status"]
    s3.put_object(Bucket=BUCKET, Key=marker, Body=b"second")
    live.stack.configure()
    restored = live.stack.up()

    assert_updated_in_place(changed)
    assert account.items() <= state.items()
    assert (outputs["workspace"]["friendlyName"], outputs["workspace"]["description"]) == (marker, "changed")
    assert versioning == "Suspended"
    assert_updated_in_place(restored)
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert live.stack.outputs() == live.outputs
    assert live.stack.objects().identities == objects
    assert s3.get_object(Bucket=BUCKET, Key=marker, VersionId=first)["Body"].read() == b"first"
    assert s3.get_object(Bucket=BUCKET, Key=marker)["Body"].read() == b"second"


REFUSED: dict[str, Any] = {
    "storageAccount": {"sku": "Standard_ZRS", "location": "northeurope"},
    "resourceGroup": {"name": "rg-another"},
    "keyVault": {"softDeleteRetentionInDays": 30, "enablePurgeProtection": False},
}
WORDS_OF_REFUSED = (
    *("storageAccount.sku is 'Standard_ZRS'", "allowed: 'Standard_LRS'", "allowReplacement"),
    *("storageAccount.location is 'northeurope'", "allowed: 'westeurope'"),
    *("resourceGroup.name is 'rg-another'", "allowed: 'rg-", "add 'rg-"),
    *("keyVault.softDeleteRetentionInDays is 30", "the period is fixed", "allowed: 90"),
    *("keyVault.enablePurgeProtection is false", "can never be switched off", "back to true"),
)
"""What would replace a resource, and what Azure never does, of one stack file: every violation is reported at once."""


def assert_refused_with_nothing_changed(live: LiveStack, changed: Mapping[str, Any], words: tuple[str, ...]) -> None:
    """Fail unless preview and update reject a change and leave engine, state and outputs unchanged."""
    objects, resources = live.stack.objects().identities, resources_in_state(live.stack)
    live.stack.configure(**changed)

    preview = live.stack.pulumi("preview")
    update = live.stack.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs")
    live.stack.configure()

    for finished in (preview, update):
        assert_refused(finished, *words)
    assert live.stack.objects().identities == objects
    assert resources_in_state(live.stack) == resources


def test_changes_that_would_replace_or_that_azure_never_makes_are_refused_together(live: LiveStack) -> None:
    vault = {**live.stack.settings["keyVault"], **REFUSED["keyVault"]}

    assert_refused_with_nothing_changed(live, {**REFUSED, "keyVault": vault}, WORDS_OF_REFUSED)


def test_another_name_is_refused(live: LiveStack) -> None:
    words = ("storageAccount.name is 'stanother001'", "a name can't be changed", "allowReplacement")

    assert_refused_with_nothing_changed(live, {"storageAccount": {"name": "stanother001"}}, words)


def test_account_of_v1_is_upgraded_in_place_and_never_gets_a_hierarchical_namespace(
    old: LiveStack, marker: str
) -> None:
    # As of now: another test replaces the account.
    s3, objects = s3_client(old.stack.outputs()), old.stack.objects().identities
    before = s3.get_bucket_versioning(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=marker, Body=b"kept")

    old.stack.settings["storageAccount"] = {**old.stack.settings["storageAccount"], "kind": "StorageV2"}
    old.stack.configure()
    upgraded = old.stack.up()

    assert "Status" not in before
    assert_updated_in_place(upgraded)
    assert old.stack.objects().identities == objects
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert s3.get_object(Bucket=BUCKET, Key=marker)["Body"].read() == b"kept"
    assert_refused_with_nothing_changed(
        old,
        {"storageAccount": {**old.stack.settings["storageAccount"], "isHnsEnabled": True}},
        ("storageAccount.isHnsEnabled is true", "not even after an upgrade"),
    )


def test_replacement_that_the_stack_allows_by_name_is_made(old: LiveStack, engine: DockerClient) -> None:
    names = {section: old.name_of(section) for section in ("storageAccount", "containerRegistry")}
    workspace = old.outputs["workspace"]["name"]
    renamed = {section: f"{name[:2]}{old.stack.workload}new" for section, name in names.items()}
    kept = {name for name in old.stack.objects().names["containers"] if name.startswith(("kv-", "appi-"))}

    for section, name in renamed.items():
        old.stack.settings[section] = {**old.stack.settings.get(section, {}), "name": name}
    old.stack.configure(allowReplacement=[*names.values(), workspace])
    old.stack.up().check()
    outputs = old.stack.outputs()
    old.stack.configure()

    containers = old.stack.objects().names["containers"]
    assert containers == kept | {f"{renamed['storageAccount']}-storage", f"{renamed['containerRegistry']}-registry"}
    assert not [name for name in old.stack.objects().names["volumes"] if name.startswith(tuple(names.values()))]
    for section, name in renamed.items():
        assert outputs["workspace"][section].endswith(f"/{name}")
    record = s3_client(outputs).get_object(Bucket=BUCKET, Key="workspace.json")["Body"].read()
    assert json.loads(record) == outputs["workspace"]
    assert_unchanged(old.stack.preview())
