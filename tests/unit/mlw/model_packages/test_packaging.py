"""Packages: what is in the image, the same digest for the same inputs, and nothing after a failure."""

import errno
import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from infra.clients.service_connection import ServiceConnection
from mlw.assets.asset_store import AssetStore
from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess
from mlw.model_packages import environment_layers, package_contents, packaging
from mlw.model_packages.edge_manifest import EdgeModule
from mlw.model_packages.environment_layers import Layer, LayeredImage
from mlw.model_packages.package_contents import PackageSource
from mlw.model_packages.package_errors import ModelPackageError
from mlw.model_packages.packaging import Target
from mlw.online_endpoints import serving_environments
from mlw.online_endpoints.endpoint_errors import EndpointError
from tests.support.oci import digest_of

ACCESS = EnvironmentAccess(registry=ServiceConnection(endpoint="http://127.0.0.1:1"), assets=cast("AssetStore", None))
ENVIRONMENT = LayeredImage(
    architecture="amd64",
    config={"Env": ["PATH=/bin", "HOME=/root"], "Labels": {"a": "b"}, "Cmd": ["/bin/bash"]},
    layers=[Layer(digest=digest_of(b"base"), size=4, pieces=lambda: iter([b"ba", b"se"]))],
)
MODULE = EdgeModule(
    name="sums", image="sums:1", version="1", ip="127.0.0.1", port=5001, cpus=1, memory_bytes=1 << 30
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose image has one layer."""

    @contextmanager
    def reading(*_given: object) -> Iterator[LayeredImage]:
        yield ENVIRONMENT

    monkeypatch.setattr(environment_layers, "reading", reading)
    image = EnvironmentImage(reference="r", digest="d")
    monkeypatch.setattr(serving_environments, "provide", lambda *_given, **_options: image)


def source(folder: Path, *, score: str = "def run(data): return data", **more: object) -> PackageSource:
    (folder / "code").mkdir(parents=True, exist_ok=True)
    (folder / "code" / "score.py").write_text(score, encoding="utf-8")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "weights.bin").write_bytes(b"w" * 3000)
    document = {
        "name": "blue", "endpoint_name": "sums", "model": {"path": str(folder / "model")},
        "code_configuration": {"code": str(folder / "code"), "scoring_script": "score.py"},
        "environment": {"image": "x"}, "environment_variables": {"LEVEL": "debug"}, **more,
    }  # fmt: skip
    return package_contents.of_file(document, "", lambda: pytest.fail("nothing is registered"), ACCESS, lambda _: None)


def write(made: PackageSource, folder: Path) -> str:
    target = Target(archive=folder / "sums.tar", manifest=folder / "deployment.json")
    return packaging.write(made, target, "sums:1", module=MODULE, log=lambda _: None)


def contents(archive: Path) -> tuple[dict[str, Any], list[list[tarfile.TarInfo]]]:
    """The configuration, and the members of each layer above the environment."""
    with tarfile.open(archive) as found:
        (entry,) = json.load(found.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(found.extractfile(entry["Config"]))  # type: ignore[arg-type]
        layers = []
        for name in entry["Layers"][1:]:
            content = found.extractfile(name).read()  # type: ignore[union-attr]
            with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                layers.append(layer.getmembers())
    return config, layers


def test_code_model_and_program_have_layers_which_nobody_can_change(tmp_path: Path) -> None:
    write(source(tmp_path), tmp_path / "out")
    _, layers = contents(tmp_path / "out" / "sums.tar")

    files = [{one.name: one for one in layer if one.isfile()} for layer in layers]
    assert list(files[0]) == ["var/azureml-app/code/score.py"]
    (model,) = files[1]
    assert model.startswith("var/azureml-app/azureml-models/azureml_anonymous_")
    assert model.endswith("/1/model/weights.bin")
    assert "var/azureml-app/.mlw/program/mlw/job_programs/model_server/__main__.py" in files[2]
    secret = {"var/azureml-app/.mlw/serving.json", "var/azureml-app/.mlw/variables.json"}
    for name, one in {**files[0], **files[1], **files[2]}.items():
        assert (one.mode, one.uid) == ((0o400, 1001) if name in secret else (0o444, 65534))
    folders = {one.name for layer in layers for one in layer if one.isdir()}
    assert not folders & {"var", "var/azureml-app", "."}


def test_the_image_runs_the_server_as_an_unprivileged_user(tmp_path: Path) -> None:
    write(source(tmp_path), tmp_path / "out")
    config, layers = contents(tmp_path / "out" / "sums.tar")

    made = config["config"]
    assert (made["User"], made["ExposedPorts"], "Cmd" in made) == ("1001:1001", {"5001/tcp": {}}, False)
    assert made["Entrypoint"][-1].endswith("mlw.job_programs.model_server /var/azureml-app/.mlw")
    assert {"PATH=/bin", "HOME=/tmp"} <= set(made["Env"])
    assert not any(one.startswith("LEVEL=") for one in made["Env"])
    assert made["Labels"]["a"] == "b"
    assert len(config["rootfs"]["diff_ids"]) == len(config["history"]) == 1 + len(layers)


def test_the_same_inputs_have_the_same_digest_wherever_and_whenever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(source(tmp_path / "here"), tmp_path / "one")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    other = write(source(tmp_path / "there"), tmp_path / "other")
    changed = write(source(tmp_path / "there", score="def run(data): return 1"), tmp_path / "changed")

    assert one == other
    assert (tmp_path / "one" / "sums.tar").read_bytes() == (tmp_path / "other" / "sums.tar").read_bytes()
    assert changed != one


def test_a_layer_that_was_read_wrongly_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ENVIRONMENT.layers[0].__class__, "digest", "sha256:other")

    with pytest.raises(ModelPackageError, match="Run it again"):
        write(source(tmp_path), tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_becomes_full_is_one_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_options: object) -> Iterator[bytes]:
        yield b"some"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packaging, "packed", full)

    with pytest.raises(ModelPackageError, match=r"No space left on device; nothing is left of it\. Make room"):
        write(source(tmp_path), tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_too_little_space_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="MiB are free there"):
        packaging.require_space(tmp_path, 1 << 60)


@pytest.mark.parametrize("name", ["sums.tar", "deployment.json"])
def test_a_file_that_exists_is_replaced_on_request_only(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("kept", encoding="utf-8")
    target = Target(archive=tmp_path / "sums.tar", manifest=tmp_path / "deployment.json")

    with pytest.raises(ModelPackageError, match=rf"{name}' exists.*--overwrite"):
        target.require_free(overwrites=False)
    target.require_free(overwrites=True)


def test_a_model_without_a_script_must_be_one_of_mlflow(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="must be one of MLflow"):
        source(tmp_path, code_configuration=None)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match=r"model\.path is '.*nowhere', which does not exist"):
        source(tmp_path, model={"path": str(tmp_path / "nowhere")})
