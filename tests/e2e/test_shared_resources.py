"""Resources shared by two workspaces: used by both, owned by one, outliving every guest."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from docker import DockerClient

from infra import services
from infra.rules.datastores.tracking_artifacts import access_key
from tests.support.datastores import datastore_client, read_datastore_secret
from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.principals import is_allowed
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, Stack, ephemeral_stack, live_stack
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged
from tests.support.vault import read_secret, vault_client, write_secret

SHARED = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")
SHARED_CONTAINER = "features"
RECORD = "workspace.json"


def lake_of(workload: str) -> dict[str, Any]:
    """An additional account that no workspace can use as its default account."""
    return {"name": f"stlake{workload}", "isHnsEnabled": True}


@pytest.fixture(scope="module")
def owner(environment: Environment) -> Iterator[LiveStack]:
    """The workspace that owns the shared resources; it is destroyed after its last guest."""
    with ephemeral_stack(environment) as stack:
        stack.settings["additionalStorageAccounts"] = [lake_of(stack.workload)]
        stack.settings["datastores"] = [datastore()]
        stack.configure()
        stack.up().check()
        yield LiveStack(stack=stack, outputs=stack.outputs())
        stack.destroy().check()
        assert not stack.objects()


@pytest.fixture(scope="module")
def guest(environment: Environment, owner: LiveStack) -> Iterator[LiveStack]:
    """A workspace without services, which refers to the owner's resources by the owner's name."""
    with tied_stack(environment, dict.fromkeys(SHARED, owner.stack.name)) as guest:
        yield guest


@contextmanager
def tied_stack(environment: Environment, references: dict[str, str], **changed: object) -> Iterator[LiveStack]:
    """Bring up a workspace that uses resources of others."""
    existing: dict[str, object] = {section: {"existing": reference} for section, reference in references.items()}
    with live_stack(environment, **existing, datastores=[datastore()], **changed) as stack:
        yield stack


def datastore() -> dict[str, str]:
    """A datastore that the owner and its guests all register, on one container, which stays empty."""
    return {"name": "features", "type": "AzureBlob", "container": SHARED_CONTAINER}


def containers_of(live: LiveStack) -> set[str]:
    """Containers of the workspace's datastores."""
    return {store["container"] for store in live.outputs["datastores"]}


def buckets_of(live: LiveStack) -> set[str]:
    """All containers of the account."""
    return {bucket["Name"] for bucket in s3_client(live.outputs).list_buckets()["Buckets"]}


def record_of(live: LiveStack) -> tuple[str, dict[str, Any]]:
    """The location of the workspace's record in its account, and its content."""
    bucket = next(s["container"] for s in live.outputs["datastores"] if s["name"] == "workspaceartifactstore")
    return bucket, json.loads(s3_client(live.outputs).get_object(Bucket=bucket, Key=RECORD)["Body"].read())


def test_guest_record_names_resources_of_the_owner_and_guest_runs_no_service(
    owner: LiveStack, guest: LiveStack
) -> None:
    bucket, record = record_of(guest)
    owners_bucket, owners_record = record_of(owner)

    assert not guest.stack.objects().containers
    assert not guest.stack.objects().volumes
    assert record == guest.outputs["workspace"]
    assert {key: record[key] for key in SHARED} == {key: owners_record[key] for key in SHARED}
    assert record["workspaceId"] != owners_record["workspaceId"]
    assert (owners_bucket, bucket) == ("azureml", f"azureml-{record['workspaceId']}")
    assert {key: owner.outputs["endpoints"][key] for key in guest.outputs["endpoints"]} == guest.outputs["endpoints"]


def test_both_workspaces_keep_their_data_in_one_account(owner: LiveStack, guest: LiveStack, marker: str) -> None:
    own = {live.stack.name: (live, containers_of(live) - {SHARED_CONTAINER}) for live in (owner, guest)}
    for name, (live, buckets) in own.items():
        for bucket in buckets:
            s3_client(live.outputs).put_object(Bucket=bucket, Key=marker, Body=name.encode())

    assert containers_of(owner) & containers_of(guest) == {SHARED_CONTAINER}
    for name, (live, buckets) in own.items():
        for bucket in buckets:
            assert s3_client(live.outputs).get_object(Bucket=bucket, Key=marker)["Body"].read() == name.encode()


def test_both_workspaces_use_one_key_vault_and_one_registry(owner: LiveStack, guest: LiveStack, marker: str) -> None:
    image = tiny_image(marker.encode())
    write_secret(guest.outputs, marker, {"from": "guest"})
    registry_client(guest.outputs).push(f"shared/{marker}", "v1", image)

    assert read_secret(owner.outputs, marker) == {"from": "guest"}
    assert registry_client(owner.outputs).pull(f"shared/{marker}", "v1") == image


def test_datastores_of_one_name_have_keys_and_secrets_of_their_own(owner: LiveStack, guest: LiveStack) -> None:
    names = {store["name"] for store in owner.outputs["datastores"]}
    assert names == {store["name"] for store in guest.outputs["datastores"]}

    for name in names:
        mine, theirs = (read_datastore_secret(live.outputs, name) for live in (guest, owner))
        assert mine["accessKey"] != theirs["accessKey"]
        datastore_client(guest.outputs, mine).list_objects_v2(Bucket=mine["container"])
        datastore_client(owner.outputs, theirs).list_objects_v2(Bucket=theirs["container"])
        if mine["container"] != theirs["container"]:
            with pytest.raises(ClientError, match="AccessDenied"):
                datastore_client(guest.outputs, mine).list_objects_v2(Bucket=theirs["container"])
            with pytest.raises(ClientError, match="AccessDenied"):
                datastore_client(owner.outputs, theirs).list_objects_v2(Bucket=mine["container"])


def test_the_guests_token_opens_secrets_and_its_own_datastores_and_nothing_else(
    owner: LiveStack, guest: LiveStack
) -> None:
    client, folder = vault_client(guest.outputs), guest.outputs["workspace"]["workspaceId"]
    assert client.token != owner.outputs["credentials"]["keyVault"]["token"]

    kv = client.secrets.kv.v2
    listed = kv.list_secrets(folder, mount_point="datastores")["data"]["keys"]

    assert set(listed) == {store["name"] for store in guest.outputs["datastores"]}
    for refused in (
        lambda: kv.read_secret_version("workspaceblobstore", mount_point="datastores", raise_on_deleted_version=True),
        lambda: kv.list_secrets("", mount_point="datastores"),
        lambda: kv.list_secrets("", mount_point="principals"),
        lambda: client.read("sys/policies/acl/administrator"),
        lambda: client.write_data("auth/token/create", data={"policies": ["administrator"]}),
        lambda: client.write_data("pki/issue/services", data={"common_name": "localhost"}),
        client.sys.seal,
        lambda: client.sys.take_raft_snapshot().raise_for_status(),
    ):
        assert not is_allowed(refused)
    assert vault_client(owner.outputs).is_authenticated()


def test_the_guests_state_contains_no_keys_of_the_account_and_the_vault(owner: LiveStack, guest: LiveStack) -> None:
    exported = guest.stack.pulumi("stack export", "--show-secrets").check().stdout

    credentials = owner.outputs["credentials"]
    assert credentials["storage"]["secretKey"] not in exported
    assert credentials["keyVault"]["token"] not in exported


def test_preview_and_refresh_of_a_guest_show_no_changes(guest: LiveStack) -> None:
    assert_unchanged(guest.stack.preview())
    assert_unchanged(guest.stack.refresh())


@pytest.mark.parametrize("command", ["pulumi destroy", "make down"])
def test_owner_is_not_deleted_while_a_guest_uses_it(owner: LiveStack, guest: LiveStack, command: str) -> None:
    objects, known = owner.stack.objects().identities, owner.stack.names_in_state()

    if command == "make down":
        finished = owner.stack.lifecycle("down")
    else:
        finished = owner.stack.pulumi("destroy", "--yes", "--skip-preview")

    assert_refused(
        finished, f"deleting stack '{owner.stack.name}'", f"stack '{guest.stack.name}'", "Nothing was deleted"
    )
    for section in SHARED:
        assert f"'{owner.name_of(section)}' by" in finished.output
    assert owner.stack.objects().identities == objects
    assert owner.stack.names_in_state() == known


def test_resource_that_a_guest_uses_is_not_deleted_by_an_update(owner: LiveStack, guest: LiveStack) -> None:
    objects, used = owner.stack.objects().identities, owner.name_of("containerRegistry")
    owner.stack.configure(containerRegistry={"name": f"cr{owner.stack.workload}new"}, allowReplacement=[used])

    preview = owner.stack.pulumi("preview")
    update = owner.stack.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs")
    owner.stack.configure()

    for finished in (preview, update):
        assert_refused(finished, f"'{used}' would be deleted", f"used by stack '{guest.stack.name}'")
    assert owner.stack.objects().identities == objects
    assert_unchanged(owner.stack.preview())


def test_destroying_a_guest_deletes_only_its_own_empty_containers(
    environment: Environment, owner: LiveStack, engine: DockerClient, marker: str
) -> None:
    s3 = s3_client(owner.outputs)
    s3.put_object(Bucket="azureml", Key=marker, Body=b"owner's")
    objects, buckets = owner.stack.objects().identities, buckets_of(owner)

    by_id = {section: owner.outputs["workspace"][section] for section in ("storageAccount", "keyVault")}
    with tied_stack(environment, by_id, tracking={}) as leaving:
        assert len(leaving.stack.objects().containers) == len(services.REQUIRED) - len(by_id) + 1
        TrackingClient.of(leaving.outputs).keep(marker)
        TrackingClient.of(leaving.outputs).verify(marker)
        own, datastores = containers_of(leaving) - {SHARED_CONTAINER}, leaving.outputs["datastores"]
        filled = next(name for name in own if name.startswith("azureml-blobstore-"))
        assert own <= buckets_of(owner) - buckets
        s3.put_object(Bucket=filled, Key=marker, Body=b"guest's")
        held = {store["name"]: read_datastore_secret(leaving.outputs, store["name"]) for store in datastores}
        folder = f"datastores/{leaving.outputs['workspace']['workspaceId']}"
        assert {store["vaultPath"] for store in datastores} == {f"{folder}/{name}" for name in held}

        leaving.stack.destroy().check()

        assert_nothing_left(engine, stack=leaving.stack.name)
        guests_id = leaving.outputs["workspace"]["workspaceId"]
        assert buckets_of(owner) - buckets == {filled, f"azureml-{guests_id}"}, "with blobs, and artifacts of runs"
        server = s3_client(owner.outputs, accessKey=access_key(guests_id), secretKey="unknown-secret")
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            server.list_objects_v2(Bucket=f"azureml-{guests_id}", Prefix="mlflow/")
        assert SHARED_CONTAINER in buckets_of(owner)
        for secret in held.values():
            with pytest.raises(ClientError, match="InvalidAccessKeyId"):
                datastore_client(owner.outputs, secret).list_objects_v2(Bucket=secret["container"])
        names = vault_client(owner.outputs).secrets.kv.v2.list_secrets("", mount_point="datastores")["data"]["keys"]
        assert f"{leaving.outputs['workspace']['workspaceId']}/" not in names
        assert {store["name"] for store in owner.outputs["datastores"]} <= set(names)
    assert owner.stack.objects().identities == objects
    assert s3.get_object(Bucket="azureml", Key=marker)["Body"].read() == b"owner's"
    assert s3.get_object(Bucket=filled, Key=marker)["Body"].read() == b"guest's"
    assert record_of(owner)[1] == owner.outputs["workspace"]
    assert_unchanged(owner.stack.refresh())


@pytest.fixture(scope="module")
def candidate(environment: Environment, owner: LiveStack) -> Iterator[Stack]:
    """A stack that never starts, next to a running owner."""
    with ephemeral_stack(environment) as stack:
        yield stack


def test_account_that_cannot_be_a_default_one_is_rejected_by_its_real_properties(
    owner: LiveStack, candidate: Stack
) -> None:
    account = owner.outputs["workspace"]["storageAccount"]
    lake = account.replace(owner.name_of("storageAccount"), lake_of(owner.stack.workload)["name"])
    candidate.configure(storageAccount={"existing": lake})

    for verb in (("preview",), ("up", "--yes", "--skip-preview")):
        finished = candidate.pulumi(*verb)
        assert_refused(
            finished, "ml-workspace:storageAccount.isHnsEnabled is true", "allowed: false", "storageAccount.existing"
        )
    assert not candidate.objects()


def test_reference_to_a_missing_resource_is_rejected_with_the_existing_ones(owner: LiveStack, candidate: Stack) -> None:
    candidate.configure(keyVault={"existing": "nowhere"})

    finished = candidate.pulumi("up", "--yes", "--skip-preview")

    assert_refused(finished, "ml-workspace:keyVault.existing is 'nowhere'", owner.outputs["workspace"]["keyVault"])


def test_global_name_of_another_stack_is_rejected_in_any_case(owner: LiveStack, candidate: Stack) -> None:
    taken = owner.name_of("keyVault")
    candidate.configure(keyVault={"name": taken.upper()})

    finished = candidate.pulumi("up", "--yes", "--skip-preview")

    assert_refused(finished, f"'{taken.upper()}'", f"stack '{owner.stack.name}' already has the key vault '{taken}'")
    assert not candidate.objects()
