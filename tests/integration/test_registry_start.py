"""The scripts and the configuration of a container registry, in a separate container.

A collection ends even if it has nothing to do, and the container stops even while it starts. No content that a manifest
names by any of its digests is ever deleted.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import bcrypt
import pytest
import requests
from docker import DockerClient
from docker.models.containers import Container

from infra import service_images
from infra.clients.engine import volume_writer
from infra.clients.registry import garbage_collection
from infra.components.assets import asset
from infra.components.container_registry import PULL_USERS, PUSH_USERS, REGISTRIES, config
from infra.errors import GarbageCollectionError
from infra.services import CONTAINER_REGISTRY
from tests.support.oci import IMAGE_MANIFEST, Artifact, RegistryClient, digest_of, image_with_layer, sha512_of
from tests.support.probes import probe_until

SECONDS = 20.0
STOP_SECONDS = 60.0
USER = ("user", "password")
BLOBS = "/var/lib/registry/docker/registry/v2/blobs/sha256"

WITH_SLOW_RM = 'rm() { sleep 3; busybox rm "$@"; }; . /etc/distribution/start.sh'
"""The script on a machine that is slow at the very moment between two of its steps."""

WITH_SLOW_MKDIR = 'mkdir() { sleep 3; busybox mkdir "$@"; }; . /etc/distribution/start.sh'
"""The script of a container that has just started: the folder for requests does not exist yet."""

WITH_DEAF_SHELLS = """
kill() { [ "$1 $2" != "-TERM $interim" ] || [ -e /tmp/collecting.yml.listens ] || return 0; command kill "$@"; }
busybox sed 's/server= asked=$/&; sleep 1/' /etc/distribution/start.sh >/tmp/start.sh
. /tmp/start.sh
"""
"""The script where a registry's shell takes its time, and never hears what is said before it listens."""

WITH_SLOW_REGISTRIES = """
busybox sed 's/listens"$/&; sleep 1/' /etc/distribution/start.sh >/tmp/start.sh
. /tmp/start.sh
"""
"""The script where a registry's shell listens for a while before its registry runs."""


@contextmanager
def started(engine: DockerClient, *command: str) -> Iterator[Container]:
    """Run a shell with the script's files; nothing has been pushed."""
    image, name = service_images.table()["registry"], f"t{uuid.uuid4().hex[:8]}-registry"
    made = [engine.volumes.create(f"{name}-{part}") for part in CONTAINER_REGISTRY.volumes]
    volume_writer.write(
        f"{name}-config",
        {
            "start.sh": asset("registry-start.sh").encode(),
            "collect.sh": asset("registry-collect.sh").encode(),
            **{file: config("secret", one).encode() for file, one in REGISTRIES.items()},
        },
        dict.fromkeys(
            [PULL_USERS, PUSH_USERS], f"{USER[0]}:".encode() + bcrypt.hashpw(USER[1].encode(), bcrypt.gensalt(4))
        ),
        carrier=volume_writer.Carrier(image=image.image, labels={}),
        owner=_owner(),
    )
    container = engine.containers.run(
        image.image,
        list(command),
        entrypoint=["/bin/sh"],
        name=name,
        detach=True,
        volumes={f"{name}-{part}": {"bind": folder} for part, folder in CONTAINER_REGISTRY.volumes.items()},
        environment={"OTEL_TRACES_EXPORTER": "none"},
        tmpfs={"/tmp": "rw,mode=1777"},
        ports={"5000/tcp": ("127.0.0.1", 0)},
        read_only=True,
        cap_drop=["ALL"],
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)
        for volume in made:
            volume.remove()


def _owner() -> tuple[int, int]:
    uid, _, gid = service_images.table()["registry"].user.partition(":")
    return int(uid), int(gid)


@pytest.mark.parametrize(
    "command",
    [
        ["/etc/distribution/start.sh"],
        ["-c", WITH_DEAF_SHELLS],
        ["-c", WITH_SLOW_MKDIR],
        ["-c", WITH_SLOW_REGISTRIES],
    ],
    ids=["as it is", "deaf shells", "slow start", "slow registries"],
)
def test_collection_with_nothing_to_do_ends(engine: DockerClient, command: list[str]) -> None:
    with started(engine, *command) as container:
        freed = garbage_collection.collect(str(container.name), user=_owner(), untagged=False, seconds=SECONDS)

    assert freed == garbage_collection.Freed(blobs=0, size=0)


def test_container_stopped_while_starting_ends(engine: DockerClient) -> None:
    with started(engine, "-c", WITH_SLOW_RM) as container:
        probe_until(lambda: assert_runs(container, "sleep"), what="the script's first step")

        container.kill(signal="TERM")

        assert container.wait(timeout=STOP_SECONDS)["StatusCode"] == 0


def assert_runs(container: Container, program: str) -> None:
    assert program in str(container.top()["Processes"])


@pytest.fixture
def container(engine: DockerClient) -> Iterator[Container]:
    """A registry that accepts pushes."""
    with started(engine, "/etc/distribution/start.sh") as running:
        probe_until(lambda: client(running).request("GET", "").raise_for_status(), what="a registry")
        yield running


def client(container: Container) -> RegistryClient:
    """Return a client; the port changes with every start."""
    container.reload()
    (binding,) = container.ports["5000/tcp"] or []
    address = f"127.0.0.1:{binding['HostPort']}"
    return RegistryClient({"endpoints": {"storage": "http://unused", "registry": address}}, credentials=USER)


def collect(container: Container, *, untagged: bool = False) -> garbage_collection.Freed:
    """Collect, and wait until pushes are accepted again."""
    try:
        return garbage_collection.collect(str(container.name), user=_owner(), untagged=untagged, seconds=SECONDS)
    finally:
        probe_until(lambda: client(container).request("GET", "").raise_for_status(), what="a registry")


def pulled(container: Container, repository: str, digest: str) -> int:
    """Return the status of a pull of one blob."""
    return client(container).request("GET", f"{repository}/blobs/{digest}").status_code


@pytest.mark.parametrize("untagged", [False, True], ids=["garbage", "untagged too"])
def test_layer_named_by_another_digest_outlives_collections(
    container: Container,
    untagged: bool,  # noqa: FBT001 - a table
) -> None:
    layer = b"a layer"
    image = image_with_layer(layer, digest=sha512_of(layer))
    client(container).push("train", "1", image)

    assert collect(container, untagged=untagged) == garbage_collection.Freed(0, 0)
    assert client(container).pull("train", "1") == image
    assert client(container).request("GET", "_catalog").json() == {"repositories": ["train"]}


def test_blob_of_another_digest_is_deleted_with_its_manifest(container: Container) -> None:
    layer = b"a layer"
    image, twin = image_with_layer(layer, digest=sha512_of(layer)), image_with_layer(layer)
    for number, pushed in enumerate([image, twin]):
        client(container).push("train", str(number), pushed)
    client(container).upload("score", sha512_of(layer), layer)
    manifest = f"train/manifests/{digest_of(image.manifest)}"
    client(container).request("DELETE", manifest).raise_for_status()

    first = collect(container)
    shared = pulled(container, "train", digest_of(layer))
    client(container).request("DELETE", f"train/manifests/{digest_of(twin.manifest)}").raise_for_status()

    assert (first, shared) == (garbage_collection.Freed(1, len(image.manifest)), requests.codes.ok)
    assert garbage_collection.preview(str(container.name), untagged=False).blobs == 3
    assert collect(container).blobs == 3
    assert collect(container) == garbage_collection.Freed(0, 0)
    assert pulled(container, "train", sha512_of(layer)) == requests.codes.not_found


def test_failed_collection_is_reported_and_the_next_one_continues(container: Container) -> None:
    image = image_with_layer(b"a layer")
    client(container).push("train", "1", image)
    digest = digest_of(image.manifest)
    path = digest.partition(":")[2]
    container.exec_run(["/bin/sh", "-c", f"echo '{{' >{BLOBS}/{path[:2]}/{path}/data"])

    with pytest.raises(GarbageCollectionError, match=r"failed, last log lines: .*failed to retrieve manifest"):
        collect(container)
    with pytest.raises(GarbageCollectionError, match=r"exit code 1, last log lines: .*failed to retrieve manifest"):
        garbage_collection.preview(str(container.name), untagged=False)
    client(container).request("DELETE", f"train/manifests/{digest}").raise_for_status()
    assert collect(container).blobs == 3


@pytest.mark.parametrize(
    ("manifest_type", "layer_type"),
    [
        (IMAGE_MANIFEST, "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ),
    ],
    ids=["oci", "docker"],
)
def test_nondistributable_layer_stays_at_its_source(container: Container, manifest_type: str, layer_type: str) -> None:
    image = image_with_layer(b"a layer")
    elsewhere = {
        "mediaType": layer_type,
        "digest": digest_of(b"elsewhere"),
        "size": 9,
        "urls": ["https://example.org/layer"],
    }
    document = json.loads(image.manifest)
    document |= {"mediaType": manifest_type, "layers": [*document["layers"], elsewhere]}
    foreign = Artifact(manifest=json.dumps(document).encode(), blobs=image.blobs)

    client(container).push("windows", "1", foreign, manifest_type=manifest_type)

    kept = client(container).request("GET", "windows/manifests/1", headers={"Accept": manifest_type})
    assert kept.content == foreign.manifest
    assert collect(container) == garbage_collection.Freed(0, 0)
