"""Two workspaces on one engine, brought up at the same time, share nothing."""

from collections.abc import Iterator
from contextlib import ExitStack

import hvac.exceptions
import pytest
from botocore.exceptions import ClientError
from docker import DockerClient

from tests.support.datastores import datastore_client, read_datastore_secret
from tests.support.engine import assert_nothing_left, open_engine
from tests.support.environment import Environment
from tests.support.insights import insights_client
from tests.support.object_store import s3_client
from tests.support.oci import RegistryClient
from tests.support.otlp import Protocol, send
from tests.support.stacks import LiveStack, ephemeral_stack
from tests.support.vault import assert_unsealed, read_secret, vault_client, write_secret


@pytest.fixture(scope="module")
def pair(environment: Environment) -> Iterator[tuple[LiveStack, LiveStack]]:
    """Two stacks of one backend, created at the same time; in the end, one outlives the other."""
    with ExitStack() as at_end:
        stacks = [at_end.enter_context(ephemeral_stack(environment)) for _ in range(2)]
        running = [(stack, stack.start("up", "--yes", "--skip-preview")) for stack in stacks]
        for stack, process in running:
            stack.finish(process).check()
        first, second = (LiveStack(stack=stack, outputs=stack.outputs()) for stack in stacks)
        yield first, second
        assert_first_works_without_second(first, second)


def assert_first_works_without_second(first: LiveStack, second: LiveStack) -> None:
    """Destroy the second stack; fail unless nothing of it is left, and the first one has its objects and data."""
    write_secret(first.outputs, "kept", {"kept": "yes"})
    objects = first.stack.objects()

    second.stack.destroy().check()

    with open_engine() as engine:
        assert_nothing_left(engine, stack=second.stack.name)
    assert first.stack.objects() == objects
    assert_unsealed(first.outputs)
    assert read_secret(first.outputs, "kept") == {"kept": "yes"}
    assert s3_client(first.outputs).get_object(Bucket="azureml", Key="workspace.json")["Body"].read()


def ports_of(live: LiveStack) -> set[str]:
    return {url.rpartition(":")[2] for url in live.outputs["endpoints"].values()}


def test_they_share_no_object_and_no_name(pair: tuple[LiveStack, LiveStack]) -> None:
    first, second = (live.stack.objects().names for live in pair)

    for kind in ("containers", "volumes", "networks"):
        assert first[kind], kind
        assert not first[kind] & second[kind], kind


def test_they_share_no_port(pair: tuple[LiveStack, LiveStack]) -> None:
    first, second = (ports_of(live) for live in pair)

    assert not first & second


def test_they_share_no_network(pair: tuple[LiveStack, LiveStack], engine: DockerClient) -> None:
    attached = [
        {
            network
            for container in live.stack.objects().containers
            for network in engine.api.inspect_container(container)["NetworkSettings"]["Networks"]
        }
        for live in pair
    ]

    assert attached == [{live.outputs["resourceGroup"]["name"]} for live in pair]


def test_they_share_no_identity_and_no_credential(pair: tuple[LiveStack, LiveStack]) -> None:
    first, second = pair

    assert first.outputs["workspace"]["workspaceId"] != second.outputs["workspace"]["workspaceId"]
    for service, key in (
        ("storage", "secretKey"),
        ("registry", "password"),
        ("keyVault", "token"),
        ("telemetry", "token"),
        ("insights", "token"),
    ):
        assert first.outputs["credentials"][service][key] != second.outputs["credentials"][service][key]


def test_credentials_of_one_stack_give_no_access_to_the_other(pair: tuple[LiveStack, LiveStack], marker: str) -> None:
    theirs = pair[0].outputs["credentials"]
    mine = pair[1].outputs
    registry = RegistryClient(mine, credentials=(theirs["registry"]["username"], theirs["registry"]["password"]))

    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch"):
        s3_client(mine, **theirs["storage"]).list_buckets()
    with pytest.raises(hvac.exceptions.Forbidden, match="permission denied"):
        vault_client(mine, token=theirs["keyVault"]["token"]).secrets.kv.v2.list_secrets(path="", mount_point="secret")
    for store in pair[0].outputs["datastores"]:
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            datastore_client(mine, read_datastore_secret(pair[0].outputs, store["name"])).list_objects_v2(
                Bucket="azureml"
            )
    assert registry.request("GET", "").status_code == 401
    assert not any(send(Protocol.HTTP, mine["endpoints"], theirs["telemetry"]["token"], marker, seconds=2).values())
    assert insights_client(mine, token=theirs["insights"]["token"]).ask("SELECT 1").status_code == 401
