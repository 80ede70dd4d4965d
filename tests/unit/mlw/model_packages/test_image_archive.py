"""The archive of an image: an OCI image layout, byte for byte the same for the same image."""

import hashlib
import io
import json
import tarfile
from typing import Any

from mlw.model_packages.image_archive import ImageArchive

CONFIG = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}


def written(*layers: list[bytes]) -> tuple[bytes, str]:
    out = io.BytesIO()
    archive = ImageArchive(out)
    digest = archive.finish(CONFIG, [archive.add(one) for one in layers], "registry.example.org:5000/churn:3")
    return out.getvalue(), digest


def read(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as found:
        names = [one.name for one in found.getmembers()]
        assert len(names) == len(set(names))
        return {one.name: found.extractfile(one).read() for one in found.getmembers()}  # type: ignore[union-attr]


def test_index_manifest_and_configuration_lead_to_the_layers() -> None:
    content, digest = written([b"a" * 700, b"b"], [b"c"])
    files = read(content)

    def blob(descriptor: dict[str, Any]) -> bytes:
        found = files[f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}"]
        assert len(found) == descriptor["size"]
        return found

    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == digest
    assert entry["platform"] == {"architecture": "amd64", "os": "linux"}
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "3"
    manifest = json.loads(blob(entry))
    assert json.loads(blob(manifest["config"])) == CONFIG
    assert [blob(one) for one in manifest["layers"]] == [b"a" * 700 + b"b", b"c"]
    for name, found in files.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(found).hexdigest()}"


def test_docker_finds_the_same_files() -> None:
    files = read(written([b"a"], [b"c"])[0])

    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["registry.example.org:5000/churn:3"]
    assert [files[one] for one in entry["Layers"]] == [b"a", b"c"]
    assert json.loads(files[entry["Config"]]) == CONFIG


def test_the_same_image_is_the_same_file_and_another_one_is_not() -> None:
    assert written([b"ab"]) == written([b"a", b"b"])
    assert written([b"ab"])[1] != written([b"ba"])[1]


def test_a_layer_that_comes_twice_is_stored_once() -> None:
    files = read(written([b"same"], [b"same"], [b"other"])[0])

    (entry,) = json.loads(files["manifest.json"])
    assert [files[one] for one in entry["Layers"]] == [b"same", b"same", b"other"]
    assert sum(name.startswith("blobs/") for name in files) == 4  # two layers, configuration, manifest
