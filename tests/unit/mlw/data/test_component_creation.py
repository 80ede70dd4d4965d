"""Components are registered with everything that they refer to."""

import json
from pathlib import Path

import pytest

from mlw.assets.asset_references import AssetKind
from mlw.azure_files.loading import load
from mlw.component_files import component_creation
from mlw.component_files.file_storing import FileStoring
from mlw.data.data_workspace import DataWorkspace
from mlw.tracking import code_snapshot, stored_snapshots
from tests.support.memory_blobs import MemoryBlobs
from tests.unit.mlw.tracking.test_run_commands import mlw
from tests.unit.mlw.tracking.test_stored_snapshots import FolderStore

TRAIN = """name: train
version: 2
type: command
command: python train.py
code: ./src
environment: {image: "python:3.11", conda_file: conda.yml}
"""
PIPELINE = """name: outer
type: pipeline
jobs:
  train: {component: train.yml}
  known: {component: "azureml:known:1"}
  sized: {command: ls, environment: "azureml:e:1", inputs: {d: {type: uri_file, path: src/train.py}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "c" / "src").mkdir(parents=True)
    (tmp_path / "c" / "src" / "train.py").write_text("x", encoding="utf-8")
    (tmp_path / "c" / "conda.yml").write_text("dependencies: [python=3.11]\n", encoding="utf-8")
    (tmp_path / "c" / "train.yml").write_text(TRAIN, encoding="utf-8")
    FolderStore.root, FolderStore.uploads = tmp_path / "stored", 0
    monkeypatch.setattr(stored_snapshots, "BlobFiles", FolderStore)
    return tmp_path / "c"


def test_a_component_has_the_hash_of_its_code(
    workspace: DataWorkspace, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = mlw(capsys, "component", "create", "dev", "--file", str(folder / "train.yml"))
    again, _, _ = mlw(capsys, "component", "create", "dev", "--file", str(folder / "train.yml"))

    digest = code_snapshot.take(folder / "src").hash
    made = json.loads(out)
    assert (code, again, FolderStore.uploads) == (0, 0, 1)
    assert (made["name"], made["version"], made["code"]) == ("train", "2", digest)
    assert made["environment"]["conda_file"] == {"dependencies": ["python=3.11"]}
    assert (FolderStore.root / "blobs" / "LocalUpload" / digest / "snapshot.zip").exists()
    assert f"Code: 1 file of '{folder / 'src'}'" in err


def test_code_and_data_of_trials_tasks_and_tables_are_stored_with_a_job(workspace: DataWorkspace, folder: Path) -> None:
    storing = FileStoring(workspace, "storing", print, is_file_code=True)
    script, digest = str(folder / "src" / "train.py"), code_snapshot.take(folder / "src").hash
    job = {
        "trial": {"code": str(folder / "src")},
        "task": {"code": script},
        "training_data": {"path": str(folder / "src")},
    }
    found = storing.complete(job)

    assert (found["trial"]["code"], len(found["task"]["code"])) == (digest, len(digest))
    assert found["training_data"]["path"].startswith("azureml://datastores/workspaceblobstore/paths/LocalUpload/")
    assert storing.complete(found) == found


def test_a_pipeline_component_contains_its_components(
    workspace: DataWorkspace, blobs: MemoryBlobs, folder: Path
) -> None:
    (folder / "outer.yml").write_text(PIPELINE, encoding="utf-8")
    workspace.assets.create(AssetKind.COMPONENT, "known", "1", {"type": "command"})

    made = component_creation.create(workspace, load("component", folder / "outer.yml"))

    jobs = made.document["jobs"]
    assert jobs["train"]["component"]["code"] == code_snapshot.take(folder / "src").hash
    assert jobs["known"] == {"component": "azureml:known:1"}
    assert jobs["sized"]["inputs"]["d"]["path"].startswith("azureml://datastores/workspaceblobstore/paths/LocalUpload/")
    assert [name.rpartition("/")[2] for _, name in blobs.content] == ["train.py"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type: command\ncommand: ls\n", "'name' is missing"),
        ("name: t\ncode: src/train.py\ncommand: ls\n", "is not a folder. Name the folder that has the file"),
        (
            "name: t\nenvironment: {build: {path: src}}\n",
            "which is not stored with it. Create the environment",
        ),
        ("name: t\njobs: {a: {component: 'azureml:none:1'}}\n", "no such component in this workspace"),
    ],
    ids=["no name", "code is a file", "build context", "unknown component"],
)
def test_what_cannot_be_stored_is_an_error(
    workspace: DataWorkspace, folder: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.yml").write_text(text, encoding="utf-8")

    code, _, err = mlw(capsys, "component", "create", "dev", "--file", str(folder / "other.yml"))

    assert (code, message in " ".join(err.split())) == (1, True), err
