"""The finished images as the workspace uses them: without privileges, on new volumes, with what start scripts need."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from tools.bootstrap.images import assemble, basefiles, image_table
from tools.bootstrap.images.build_context import BaseFiles
from tools.bootstrap.images.recipe import APPLETS

BINARIES = [service for service in image_table.load() if not service.base]
SERVICES = pytest.mark.parametrize("service", BINARIES, ids=lambda service: service.name)


AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def run_confined(engine: DockerClient, image: str, script: str, volumes: dict[str, str] | None = None) -> str:
    """Run a shell script in an image as the workspace's containers run: read-only, no capability, no network."""
    output = engine.containers.run(
        image,
        ["-c", script],
        entrypoint="/bin/sh",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        volumes={name: {"bind": folder, "mode": "rw"} for name, folder in (volumes or {}).items()},
        remove=True,
    )
    return output.decode()


@pytest.fixture
def new_volume(engine: DockerClient) -> Iterator[str]:
    """A volume that no container has used."""
    volume = engine.volumes.create(f"mlw-test-{uuid.uuid4().hex[:12]}")
    yield volume.name
    volume.remove(force=True)


@SERVICES
def test_the_binary_runs_without_any_right_and_says_its_version(
    engine: DockerClient, service: image_table.Service
) -> None:
    assert service.version in run_confined(engine, service.image, f"{service.binary} --version")


@SERVICES
def test_nothing_runs_as_root(engine: DockerClient, service: image_table.Service) -> None:
    assert run_confined(engine, service.image, "busybox id -u; busybox id -g").split() == service.user.split(":")


@SERVICES
def test_a_new_volume_belongs_to_the_service(
    engine: DockerClient, service: image_table.Service, new_volume: str
) -> None:
    folder = service.folders[0]

    found = run_confined(
        engine, service.image, f"touch {folder}/x && stat -c %u:%g {folder} {folder}/x", {new_volume: folder}
    )

    assert found.split() == [service.user, service.user]


@SERVICES
def test_every_folder_of_the_table_belongs_to_the_service(engine: DockerClient, service: image_table.Service) -> None:
    found = run_confined(engine, service.image, f"stat -c %u:%g {' '.join(service.folders)}")

    assert set(found.split()) == {service.user}


@SERVICES
def test_the_image_declares_no_volume_and_starts_its_binary(engine: DockerClient, service: image_table.Service) -> None:
    config = engine.images.get(service.image).attrs["Config"]

    assert not config["Volumes"]
    assert config["Entrypoint"] == [service.binary]
    assert config["User"] == service.user


@SERVICES
def test_start_scripts_find_their_commands_and_authorities(engine: DockerClient, service: image_table.Service) -> None:
    script = f"for each in {' '.join(APPLETS)}; do [ -x /bin/$each ] || echo no $each; done; cat {AUTHORITIES}"

    found = run_confined(engine, service.image, script)

    assert "no " not in found.partition("-----BEGIN CERTIFICATE-----")[0]
    assert found.count("-----END CERTIFICATE-----") > 1


def test_a_binary_of_another_version_never_gets_the_tag(engine: DockerClient, tmp_path: Path) -> None:
    newer = replace(image_table.load()[0], image="ml-workspace/minio:2999-01-01")
    binary = tmp_path / "minio"
    binary.write_text("#!/bin/sh\necho minio version 2026-02-12\n")
    base = BaseFiles(busybox=basefiles.busybox(), certificates=basefiles.certificates())

    with pytest.raises(
        assemble.UnfitImageError, match=r"reports the version 'minio version 2026-02-12', expected '2999"
    ):
        assemble.finish(newer, binary=binary, base=base, recipe="test", source="built")

    for tag in (newer.image, "ml-workspace/minio:candidate-test"):
        with pytest.raises(ImageNotFound, match="No such image"):
            engine.images.get(tag)


def test_a_binary_that_does_not_run_is_reported_with_the_reason(tmp_path: Path) -> None:
    newer = replace(image_table.load()[0], image="ml-workspace/minio:2999-01-01")
    binary = tmp_path / "minio"
    binary.write_text("#!/bin/missing\n")
    base = BaseFiles(busybox=basefiles.busybox(), certificates=basefiles.certificates())

    with pytest.raises(
        assemble.UnfitImageError, match=r"ml-workspace/minio:candidate-test does not run: .*no such file"
    ):
        assemble.finish(newer, binary=binary, base=base, recipe="test", source="built")
