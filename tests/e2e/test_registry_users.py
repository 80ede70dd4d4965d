"""What each user can do at the two ports of a real container registry; and garbage collection under load."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from docker import DockerClient

from infra.clients.engine.docker_engine import read_file, write_files
from infra.clients.registry.garbage_collection import WORK
from tests.support.environment import Environment
from tests.support.insights import insights_client
from tests.support.oci import Artifact, RegistryClient, digest_of, registry_client, tiny_artifact, tiny_image
from tests.support.otlp import Protocol, send
from tests.support.principals import person
from tests.support.probes import probe_during, probe_until
from tests.support.stacks import LiveStack, live_stack

PULLS, PUSHES, LEAVES = "rita", "dora", "carl"
ROLES = [
    {"principal": PULLS, "role": "Reader"},
    {"principal": PUSHES, "role": "DataScientist"},
    {"principal": LEAVES, "role": "Contributor"},
]
READ_WRITE, READ_ONLY = "registry", "registryReadOnly"
ALL_ACCEPTED = {"traces": True, "metrics": True, "logs": True}
DIGEST = digest_of(b"")
REQUESTS = [
    ("GET", ""),
    ("HEAD", ""),
    ("OPTIONS", ""),
    ("GET", "_catalog"),
    ("GET", "a/tags/list"),
    ("GET", "a/manifests/v1"),
    ("HEAD", "a/manifests/v1"),
    ("PUT", "a/manifests/v1"),
    ("DELETE", f"a/manifests/{DIGEST}"),
    ("GET", f"a/blobs/{DIGEST}"),
    ("DELETE", f"a/blobs/{DIGEST}"),
    ("POST", "a/blobs/uploads/"),
    ("POST", f"a/blobs/uploads/?mount={DIGEST}&from=b"),
    ("PATCH", "a/blobs/uploads/00000000-0000-0000-0000-000000000000"),
]
CHANGES = [request for request in REQUESTS if request[0] in {"PUT", "POST", "DELETE"}]
"""Without PATCH, which continues an upload that no request could start."""


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with principals of three roles."""
    with live_stack(environment, roleAssignments=ROLES) as stack:
        yield stack


def statuses(client: RegistryClient, requests_: list[tuple[str, str]] = REQUESTS) -> dict[tuple[str, str], int]:
    """Send every request."""
    return {request: client.request(*request).status_code for request in requests_}


def login_of(live: LiveStack, principal: str) -> tuple[str, str]:
    """Return a principal's user name and password."""
    held = person(live.outputs, principal).held
    return held["registryUsername"], held["registryPassword"]


def client_of(live: LiveStack, principal: str, use: str) -> RegistryClient:
    """Return a principal's client of one of the ports."""
    return RegistryClient(live.outputs, credentials=login_of(live, principal), use=use)


@pytest.mark.parametrize("use", [READ_WRITE, READ_ONLY])
@pytest.mark.parametrize("who", ["nobody", "a stranger", "a wrong password", "an empty password", "other's password"])
def test_request_without_valid_credentials_is_refused(live: LiveStack, use: str, who: str) -> None:
    own = live.outputs["credentials"]["registry"]
    credentials = {
        "nobody": None,
        "a stranger": ("docker", own["password"]),
        "a wrong password": (own["username"], "wrong"),
        "an empty password": (own["username"], ""),
        "other's password": (PULLS, login_of(live, PUSHES)[1]),
    }[who]

    found = statuses(RegistryClient(live.outputs, credentials=credentials, use=use))

    assert found == dict.fromkeys(REQUESTS, 401)


@pytest.mark.parametrize("path", ["/metrics", "/debug/vars", "/debug/pprof/", "/debug/health"])
@pytest.mark.parametrize("use", [READ_WRITE, READ_ONLY])
def test_nothing_but_the_registry_is_served(live: LiveStack, use: str, path: str) -> None:
    assert requests.get(f"http://{live.outputs['endpoints'][use]}{path}", timeout=5).status_code == 404


def test_push_role_can_push_images_and_artifacts_and_pull_role_can_pull_them(live: LiveStack, marker: str) -> None:
    model = tiny_artifact(marker.encode(), kind="application/vnd.example.model.v1")
    image = tiny_image(marker.encode())
    writer = client_of(live, PUSHES, READ_WRITE)
    writer.push(f"models/{marker}", "v1", model)
    writer.push(f"images/{marker}", "v1", image)

    for who, use in ((PUSHES, READ_WRITE), (PUSHES, READ_ONLY), (PULLS, READ_ONLY)):
        reader = client_of(live, who, use)

        assert reader.pull(f"models/{marker}", "v1") == model
        assert reader.pull(f"images/{marker}", digest_of(image.manifest)) == image


def test_pull_role_cannot_change_anything_at_either_port(live: LiveStack) -> None:
    assert statuses(client_of(live, PULLS, READ_WRITE)) == dict.fromkeys(REQUESTS, 401)
    assert statuses(client_of(live, PULLS, READ_ONLY), CHANGES) == dict.fromkeys(CHANGES, 405)


def test_read_only_port_accepts_no_push(live: LiveStack) -> None:
    own = live.outputs["credentials"]["registry"]
    admin = RegistryClient(live.outputs, credentials=(own["username"], own["password"]), use=READ_ONLY)

    assert statuses(admin, CHANGES) == dict.fromkeys(CHANGES, 405)
    assert statuses(client_of(live, PUSHES, READ_ONLY), CHANGES) == dict.fromkeys(CHANGES, 405)


def test_removed_principal_is_refused_at_once_without_affecting_others(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    containers = [live.container_of(name) for name in ("containerRegistry", "applicationInsights", "insightsStore")]
    started = [engine.api.inspect_container(container)["State"]["StartedAt"] for container in containers]
    image = tiny_image(marker.encode())
    client_of(live, LEAVES, READ_WRITE).push(marker, "v1", image)
    gone = {use: client_of(live, LEAVES, use) for use in (READ_WRITE, READ_ONLY)}
    leaving = person(live.outputs, LEAVES)
    token, queries = (leaving.held[key] for key in ("telemetryToken", "insightsToken"))
    asked = insights_client(live.outputs, token=queries).ask("SELECT 1").status_code
    stays = client_of(live, PULLS, READ_ONLY)
    staying_token = live.outputs["credentials"]["telemetry"]["token"]
    before = send(Protocol.HTTP, live.outputs["endpoints"], token, marker)
    failed: list[object] = []
    updated = threading.Event()

    def pull() -> None:
        while not updated.is_set():
            try:
                stays.pull(marker, "v1")
            except requests.RequestException as exc:
                failed.append(exc)

    puller = threading.Thread(target=pull)
    puller.start()
    try:
        live.stack.configure(roleAssignments=ROLES[:2])
        live.stack.up().check()
    finally:
        updated.set()
        puller.join()
    refused = {use: statuses(client) for use, client in gone.items()}
    after = send(Protocol.HTTP, live.outputs["endpoints"], token, marker, seconds=2)

    assert (before, asked) == (ALL_ACCEPTED, 200)
    assert insights_client(live.outputs, token=queries).ask("SELECT 1").status_code == 401
    assert refused == dict.fromkeys(gone, dict.fromkeys(REQUESTS, 401))
    assert not any(after.values()), after
    assert failed == []
    assert send(Protocol.HTTP, live.outputs["endpoints"], staying_token, marker) == ALL_ACCEPTED
    assert [engine.api.inspect_container(one)["State"]["StartedAt"] for one in containers] == started


def test_the_registry_sends_traces_of_its_requests_to_application_insights(live: LiveStack, marker: str) -> None:
    registry_client(live.outputs).push(marker, "v1", tiny_image(marker.encode()))

    def kept() -> None:
        sql = f"SELECT DISTINCT service FROM spans WHERE contains(name, '/v2/{marker}/manifests/v1')"
        assert insights_client(live.outputs).column(sql) == [live.name_of("containerRegistry")]

    probe_until(kept, what="a span of the push")


def test_registry_without_its_users_file_rejects_everyone_and_creates_no_user(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    container = engine.containers.get(live.container_of("containerRegistry"))
    name, file = str(container.name), "/etc/distribution/live/htpasswd-push"
    users = read_file(name, file)
    assert users is not None
    own, image = registry_client(live.outputs), tiny_image(marker.encode())

    def refused() -> None:
        with suppress(requests.ConnectionError):
            assert own.request("GET", "_catalog").status_code >= requests.codes.bad_request

    try:
        assert container.exec_run(["rm", "-f", file], user="0:0").exit_code == 0
        refused()
        container.kill("SIGKILL")
        container.start()
        probe_during(refused, seconds=3)
        assert read_file(name, file) is None
    finally:
        write_files(name, "/etc/distribution/live", {"htpasswd-push": users}, uid=1000, gid=1000)
    probe_until(lambda: own.push(marker, "v1", image), what="a push")


def collect(live: LiveStack, *options: str) -> str:
    """Collect garbage as a user does."""
    return live.stack.environment.mlw("registry", "gc", live.stack.name, *options).check().stdout


def blob_exists(engine: DockerClient, container: str, digest: str) -> bool:
    """Whether a blob's content is on the volume."""
    hexadecimal = digest.partition(":")[2]
    path = f"/var/lib/registry/docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
    return bool(engine.containers.get(container).exec_run(["test", "-e", path]).exit_code == 0)


def test_garbage_is_collected_and_every_acknowledged_image_stays_while_others_push_and_pull(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    registry, container = registry_client(live.outputs), live.container_of("containerRegistry")
    kept, garbage = tiny_image(f"{marker} kept".encode()), tiny_image(f"{marker} garbage".encode())
    registry.push(f"{marker}/kept", "v1", kept)
    registry.push(f"{marker}/garbage", "v1", garbage)
    registry.request("DELETE", f"{marker}/garbage/manifests/{digest_of(garbage.manifest)}").raise_for_status()
    acknowledged: dict[str, Artifact] = {}
    done = threading.Event()

    def push(worker: int) -> None:
        number = 0
        while not done.is_set():
            number += 1
            repository, image = f"{marker}/load-{worker}-{number}", tiny_image(f"{marker} {worker} {number}".encode())
            try:
                registry.push(repository, "v1", image)
            except requests.RequestException:
                continue
            acknowledged[repository] = image

    pushers = [threading.Thread(target=push, args=(worker,)) for worker in range(2)]
    for pusher in pushers:
        pusher.start()
    try:
        counted = collect(live, "--dry-run")
        still_there = [blob_exists(engine, container, digest) for digest in garbage.blobs]
        said = [collect(live), collect(live, "--untagged")]
    finally:
        done.set()
        for pusher in pushers:
            pusher.join()

    assert counted.startswith("Would free ")
    assert all(still_there)
    assert all(text.startswith("Freed ") for text in said)
    assert not any(blob_exists(engine, container, digest) for digest in garbage.blobs)
    assert registry.pull(f"{marker}/kept", "v1") == kept
    assert {name: registry.pull(name, "v1") for name in acknowledged} == acknowledged
    registry.push(f"{marker}/later", "v1", garbage)
    assert registry.pull(f"{marker}/later", "v1") == garbage


@pytest.mark.parametrize(("file", "outcome"), [("begun", "interrupted"), ("request", "done")], ids=["amid", "before"])
def test_killed_collection_leaves_a_registry_that_accepts_pushes(
    live: LiveStack, engine: DockerClient, marker: str, file: str, outcome: str
) -> None:
    container = engine.containers.get(live.container_of("containerRegistry"))
    container.exec_run(["/bin/sh", "-c", f"echo {marker} >{WORK}/{file}"])
    container.kill("SIGKILL")
    container.start()

    def report() -> list[str]:
        words = read_file(str(container.name), f"{WORK}/report") or b""
        assert words.startswith(marker.encode()), words
        return words.decode().split()

    assert probe_until(report, what="a report")[1] == outcome
    image = tiny_image(marker.encode())
    probe_until(lambda: registry_client(live.outputs).push(marker, "v1", image), what="a push")
    assert registry_client(live.outputs).pull(marker, "v1") == image
    assert container.exec_run(["test", "-e", f"{WORK}/{file}"]).exit_code == 1
