"""An image whose service does not start: `make up` restores the previous containers and reports it."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest

from infra.errors import EngineError
from mlw.lifecycle.checkpoints import parse
from mlw.lifecycle.lifecycle_errors import LifecycleError
from mlw.rollback import container_definition, roll_back
from mlw.rollback.replaced_containers import Replaced
from tests.support.engine import ID_LABEL, open_engine
from tests.support.environment import copy_project, make_environment
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.processes import Finished
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import read_secret, write_secret
from tests.unit.states import a_state

BROKEN = {"registry": "/bin/registry", "vault": "/bin/vault"}
"""Service to the program in its image."""

OURS = [{"label": ID_LABEL, "value": "1a"}]
LAST_WORDS = "no licence to run on this machine"


@contextmanager
def broken_image(service: str, program: str) -> Iterator[str]:
    """An image whose program ends at once, and its tag."""
    tag = f"ml-workspace-test/{service}:broken"
    script = f"#!/bin/sh\necho '{LAST_WORDS}' >&2\nexit 3\n".encode()
    with open_engine() as engine:
        good = next(t for image in engine.images.list() for t in image.tags if f"ml-workspace/{service}:" in t)
        made = engine.containers.create(good, ["true"])
        try:
            made.put_archive("/", packed(program, script))
            made.commit(*tag.split(":"))
        finally:
            made.remove()
        try:
            yield tag
        finally:
            engine.images.remove(tag)


def packed(path: str, content: bytes) -> bytes:
    """One executable file as an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode = len(content), 0o755
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def broken() -> Iterator[dict[str, str]]:
    """Images whose program ends at once: service to tag."""
    with broken_image("registry", BROKEN["registry"]) as registry, broken_image("vault", BROKEN["vault"]) as vault:
        yield {"registry": registry, "vault": vault}


@pytest.fixture(scope="module")
def stack(broken: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A workspace with data, in a copy of the project whose table of images may change; gone before the images."""
    assert broken
    folder = tmp_path_factory.mktemp("failed-update")
    (folder / "home").mkdir(mode=0o700)
    with ephemeral_stack(make_environment(copy_project(folder / "project"), folder / "home")) as stack:
        stack.up().check()
        outputs = stack.outputs()
        s3_client(outputs).put_object(Bucket="azureml", Key="kept", Body=b"data")
        write_secret(outputs, "kept", {"value": "data"})
        registry_client(outputs).push("kept", "1", tiny_image(b"data"))
        yield stack


def update_with_faults(stack: Stack, tags: dict[str, str]) -> Finished:
    """`make up` with other images, and a configuration that the telemetry collector rejects."""
    infra = stack.environment.project / "infra"
    table, asset = infra / "images.toml", infra / "components" / "assets" / "collector.yaml"
    good, good_asset, text = table.read_text(), asset.read_text(), table.read_text()
    with open_engine() as engine:
        for service, tag in tags.items():
            text = text.replace(f'image = "{tag_of(engine, service)}"', f'image = "{tag}"')
    try:
        table.write_text(text)
        asset.write_text(f"{good_asset}\nunheard: of\n")
        return stack.lifecycle("up")
    finally:
        table.write_text(good)
        asset.write_text(good_asset)


def tag_of(engine: docker.DockerClient, service: str) -> str:
    return next(t for image in engine.images.list() for t in image.tags if t.startswith(f"ml-workspace/{service}:"))


def definitions(stack: Stack) -> dict[str, object]:
    """The definition of each container of the stack on the engine."""
    found: dict[str, object] = {}
    with open_engine() as engine:
        for name in stack.objects().containers.values():
            details = engine.api.inspect_container(name)
            config, host = details["Config"], details["HostConfig"]
            chosen = {key: config[key] for key in ("Cmd", "Entrypoint", "ExposedPorts", "Labels", "User", "WorkingDir")}
            # The order of both means nothing, and the engine notes an absent init process in two ways.
            limits = {**host, "Binds": sorted(host["Binds"]), "Init": bool(host.get("Init"))}
            # Among the aliases is the beginning of the container's id.
            networks = {
                name: sorted(set(one["Aliases"] or ()) - {details["Id"][:12]})
                for name, one in details["NetworkSettings"]["Networks"].items()
            }
            found[name] = (details["Image"], chosen, sorted(config["Env"]), limits, networks)
    return found


def test_containers_that_do_not_become_ready_are_replaced_by_the_previous_ones(
    stack: Stack, broken: dict[str, str]
) -> None:
    before = definitions(stack)

    failed = update_with_faults(stack, broken)

    assert failed.exit_code == 1, failed.output
    for role in (*broken, "insights"):
        name = next(one for one in before if one.endswith(f"-{role}"))
        assert f"container '{name}' did not become ready" in failed.output
    assert LAST_WORDS in failed.output
    assert failed.output.count("the previous one is running again") == 3
    assert definitions(stack) == before
    assert_data(stack)
    assert_the_next_update_goes_on_from_there(stack, before)


def assert_data(stack: Stack) -> None:
    outputs = stack.outputs()
    assert s3_client(outputs).get_object(Bucket="azureml", Key="kept")["Body"].read() == b"data"
    assert read_secret(outputs, "kept") == {"value": "data"}
    assert registry_client(outputs).pull("kept", "1") == tiny_image(b"data")


def assert_the_next_update_goes_on_from_there(stack: Stack, before: dict[str, object]) -> None:
    with open_engine() as engine:
        made = {name: engine.api.inspect_container(name)["Id"] for name in before}
    stack.lifecycle("up").check()
    with open_engine() as engine:
        assert {name: engine.api.inspect_container(name)["Id"] for name in before} == made
    assert_unchanged(stack.preview())
    stack.lifecycle("status").check()


def test_a_foreign_container_is_left_alone() -> None:
    with open_engine() as engine:
        foreign = engine.containers.create(tag_of(engine, "minio"), ["true"], name=f"foreign-{uuid.uuid4().hex[:8]}")
        try:
            with pytest.raises(LifecycleError, match=r"not created by this project\. It was not changed"):
                container_definition.make({"name": foreign.name, "image": tag_of(engine, "minio"), "labels": OURS})
            foreign.reload()
        finally:
            foreign.remove()


def test_a_rejection_by_the_engine_is_one_message() -> None:
    inputs = {"name": f"gone-{uuid.uuid4().hex[:8]}", "image": "sha256:" + "0" * 64, "labels": OURS}
    before = Replaced(container={"urn": "urn", "inputs": inputs, "outputs": {}}, files=None, probes=())
    with pytest.raises(EngineError, match=rf"restoring the previous container '{inputs['name']}': the engine refused"):
        roll_back.put_back(before, parse(a_state()), {})
