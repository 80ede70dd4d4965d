"""A packaged model answers on an engine that has nothing else of the workspace."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from docker import DockerClient

from tests.support.probes import probe_until
from tests.support.second_engine import SecondEngine, killable_engine
from tests.support.served_endpoints import Served

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
OWN_TAG = "sums-blue:1"


@pytest.fixture(scope="module")
def second(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    """Another engine, with an empty store."""
    with killable_engine(engine, tmp_path_factory.mktemp("engine")) as started:
        yield started


def package(served: Served, folder: Path, *words: str, principal: str = "") -> Any:  # noqa: ANN401 - what it printed
    given = ("--file", str(served.files["blue"]), "--iot-edge", "--output", str(folder), *words)
    return served.mlw("model", "package", *given, principal=principal)


@pytest.fixture(scope="module")
def packaged(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the deployment `blue`."""
    folder = tmp_path_factory.mktemp("packaged")
    assert DIGEST.search(package(served, folder).check().stdout)
    return folder


def test_it_answers_on_another_engine_as_the_manifest_of_iot_edge_says(packaged: Path, second: SecondEngine) -> None:
    (archive,) = packaged.glob("*.tar")
    module = json.loads((packaged / "deployment.json").read_text())["modulesContent"]["$edgeAgent"][
        "properties.desired"
    ]["modules"]["sums-blue"]
    assert module["settings"]["image"] == OWN_TAG
    with archive.open("rb") as content:
        second.client.images.load(content)
    # As the agent of IoT Edge creates it.
    options = json.loads(module["settings"]["createOptions"])
    created = second.client.api.create_container_from_config(  # type: ignore[no-untyped-call]
        {"Image": OWN_TAG, **options}, name="sums-blue"
    )["Id"]
    container = second.client.containers.get(created)
    container.start()

    def responded() -> requests.Response:
        container.reload()
        address = container.attrs["NetworkSettings"]["IPAddress"]
        return requests.post(f"http://{address}:5001/score", json={"data": [1, 2]}, timeout=20)

    response = probe_until(responded, what="the module's response")

    assert response.json()["sum"] == 13
    made = container.attrs
    assert (made["Config"]["User"], made["Mounts"], made["HostConfig"]["ReadonlyRootfs"]) == ("1001:1001", [], True)
    probe_until(lambda: _require_healthy(container.client, created), what="the module's health")  # type: ignore[arg-type]


def _require_healthy(client: DockerClient, container: str) -> None:
    assert client.api.inspect_container(container)["State"]["Health"]["Status"] == "healthy"


def test_other_tools_read_the_archive(packaged: Path, second: SecondEngine) -> None:
    (archive,) = packaged.glob("*.tar")
    socket = second.folder / "exec" / "containerd" / "containerd.sock"
    command = ["ctr", "--address", str(socket), "--namespace", "other", "images"]

    subprocess.run([*command, "import", "--no-unpack", str(archive)], check=True, capture_output=True)

    listed = subprocess.run([*command, "list", "--quiet"], check=True, capture_output=True, text=True).stdout.split()
    assert f"docker.io/library/{OWN_TAG}" in listed or OWN_TAG in listed


def test_nothing_of_the_workspace_is_in_it(served: Served, packaged: Path) -> None:
    (archive,) = packaged.glob("*.tar")
    with tarfile.open(archive) as content:
        (entry,) = json.load(content.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = content.extractfile(entry["Config"]).read().decode()  # type: ignore[union-attr]
        own = [content.extractfile(name).read() for name in entry["Layers"][-3:]]  # type: ignore[union-attr]
    held = served.stack.outputs["credentials"]
    secrets = [value for one in held.values() for name, value in one.items() if name != "username"]

    assert secrets
    assert not any(value in config or any(value.encode() in layer for layer in own) for value in secrets)


def test_files_are_kept_and_a_folder_without_space_gets_none(served: Served, packaged: Path, tmp_path: Path) -> None:
    kept = package(served, packaged)
    assert (kept.exit_code, "exists. Choose another folder" in kept.stderr) == (1, True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "edge", str(tmp_path)], check=True)
    try:
        refused = package(served, tmp_path)
        left = list(tmp_path.iterdir())
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert (refused.exit_code, "MiB are free there" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.stderr
    assert left == []


def test_who_may_read_images_packages_the_same_file(served: Served, packaged: Path, tmp_path: Path) -> None:
    said = package(served, tmp_path, principal="reader").check().stdout

    (before,), (after,) = packaged.glob("*.tar"), tmp_path.glob("*.tar")
    with tarfile.open(after) as content:
        index = json.load(content.extractfile("index.json"))  # type: ignore[arg-type]
    assert index["manifests"][0]["digest"] in said
    assert subprocess.run(["cmp", before, after], check=False).returncode == 0
    refused = package(served, tmp_path / "other", principal="submitter")
    assert (refused.exit_code, "its role includes no images" in refused.stderr) == (1, True)
    assert not (tmp_path / "other").exists()
