"""A tracking server and a front are added to a running workspace, kept while nobody allows their loss, and removed."""

from collections.abc import Iterator

import pytest
import requests
from botocore.exceptions import ClientError
from docker import DockerClient

from infra import service_images
from infra.clients.engine import container_usage
from infra.rules.datastores.tracking_artifacts import access_key
from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, live_stack
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged

UNTOUCHED = ("storageAccount", "containerRegistry", "keyVault", "applicationInsights")
"""Services that do not restart. The insights store does, for its availability tests."""

IDLE_MIB, IMAGE_BYTES = 220, 260_000_000
"""What the server may use after its first requests, and the size of its image."""


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A plain workspace."""
    with live_stack(environment) as stack:
        yield stack


def started(live: LiveStack, engine: DockerClient) -> dict[str, str]:
    """When the containers of clients' services were started."""
    return {name: engine.api.inspect_container(live.container_of(name))["State"]["StartedAt"] for name in UNTOUCHED}


def names(live: LiveStack) -> set[str]:
    """Names of all its objects on the engine."""
    return {name for of_kind in live.stack.objects().names.values() for name in of_kind}


def test_tracking_server_and_front_come_and_go_and_take_only_their_own_data(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    stack, workspace = live.stack, live.name_of("id")
    server, front = f"{workspace}-tracking", f"{workspace}-inference"
    added = {one + ending for one in (server, front) for ending in ("", "-data", "-config")}
    plain, since = names(live), started(live, engine)
    assert [one for one in ("tracking", "inference") if one in str(live.outputs).lower()] == []

    # They are added.
    stack.configure(tracking={}, inference={})
    stack.up().check()
    outputs = stack.outputs()
    client = TrackingClient.of(outputs)
    client.keep(marker)
    assert container_usage.usage_of([server])[server].memory <= IDLE_MIB << 20
    assert engine.images.get(service_images.table()["tracking"].image).attrs["Size"] <= IMAGE_BYTES
    assert names(live) - plain == added
    assert {use: outputs["endpoints"][use] for use in live.outputs["endpoints"]} == live.outputs["endpoints"]
    assert started(live, engine) == since
    assert set(outputs["credentials"]) - set(live.outputs["credentials"]) == {"tracking"}
    assert requests.get(f"{outputs['endpoints']['inference']}/none/score", timeout=30).status_code == 404
    assert_unchanged(stack.preview())

    # A section that disappears is not taken for a wish to lose experiments, or to make endpoints unreachable.
    stack.configure()
    losses = (
        f"the tracking server '{server}' would be deleted",
        f"the front of the online endpoints '{front}' would be deleted",
    )
    for verb in ("preview", "up --yes --skip-preview --suppress-outputs"):
        assert_refused(stack.pulumi(verb), *losses, "allowReplacement")
    client.verify(marker)
    assert names(live) - plain == added

    # Whoever allows it loses the database and the front, and nothing else.
    stack.configure(allowReplacement=[server, front])
    stack.up().check()
    removed = stack.outputs()
    assert names(live) == plain
    assert removed["endpoints"] == live.outputs["endpoints"]
    assert "mlFlowTrackingUri" not in removed["workspace"]
    assert started(live, engine) == since
    with pytest.raises(requests.ConnectionError):
        client.request("GET", "/health")
    s3 = s3_client(live.outputs)
    assert any(marker in str(one["Key"]) for one in s3.list_objects_v2(Bucket="azureml", Prefix="mlflow/")["Contents"])
    key = access_key(live.outputs["workspace"]["workspaceId"])
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        s3_client(live.outputs, accessKey=key, secretKey="unknown-secret").list_objects_v2(Bucket="azureml")
    stack.configure()
    assert_unchanged(stack.preview())
