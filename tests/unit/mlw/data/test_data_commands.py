"""`mlw data`: the verbs of `az ml data`, on a storage account in memory."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlw.assets import asset_records
from mlw.assets.asset_references import AssetKind
from mlw.data import lineage
from mlw.data.data_workspace import DataWorkspace
from mlw.data.lineage import Use
from tests.support.memory_blobs import MemoryBlobs
from tests.unit.mlw.tracking.test_run_commands import mlw

FILE = """$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json
name: iris
path: ./data
type: uri_folder
description: measured
tags: {team: red}
"""


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    (tmp_path / "files" / "data").mkdir(parents=True)
    (tmp_path / "files" / "data" / "a.csv").write_text("1\n", encoding="utf-8")
    path = tmp_path / "files" / "data.yml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_makes_a_version_and_uploads_its_data(
    workspace: DataWorkspace, blobs: MemoryBlobs, data_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = mlw(
        capsys, "data", "create", "dev", "-f", str(data_file), "--tags", "team=blue", "--set", "tags.a=b"
    )

    made = json.loads(out)
    ((container, blob),) = blobs.content
    assert code == 0
    assert (made["name"], made["version"], made["tags"], made["createdBy"]) == (
        "iris",
        "1",
        {"team": "blue", "a": "b"},
        "dora",
    )
    assert (container, f"azureml://datastores/workspaceblobstore/paths/{blob}") == ("blobs", f"{made['path']}a.csv")
    assert "Uploading 1 file" in err


def test_options_alone_make_a_version(
    workspace: DataWorkspace, data_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data_file.parent)

    options = ("--name", "iris", "--version", "7", "--path", "data/a.csv", "--type", "uri_file")
    code, out, _ = mlw(capsys, "data", "create", "dev", *options)

    assert (code, json.loads(out)["version"], json.loads(out)["type"]) == (0, "7", "uri_file")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--name", "x"], 1, "'path' is missing. Set it in the file, or use --path."),
        (["--path", "https://example.org/a"], 1, "'name' is missing."),
        (["--name", "a/b", "--path", "https://example.org/a"], 1, "name 'a/b' is not valid"),
        (["--name", "x", "--path", "azureml:y:1"], 1, "'azureml:y:1' is an asset already"),
        (["--name", "x", "--path", "none"], 1, "none' does not exist"),
        (["--name", "x", "--set", "a=b"], 2, "--set needs --file"),
        (["--name", "x", "--tags", "a"], 2, "--tags 'a' is not KEY=VALUE"),
    ],
    ids=["no path", "no name", "name", "asset", "missing", "set", "tags"],
)
def test_a_mistake_is_one_message(
    workspace: DataWorkspace, options: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, _, err = mlw(capsys, "data", "create", "dev", *options)

    assert (found, message in " ".join(err.split())) == (code, True), err


def create(workspace: DataWorkspace, *versions: str) -> None:
    for version in versions:
        document = {"type": "uri_file", "path": f"https://example.org/{version}"}
        workspace.assets.create(AssetKind.DATA, "iris", version, document)


def test_versions_are_listed_shown_and_changed(workspace: DataWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    create(workspace, "1", "2")
    lineage.record(workspace, "azureml:iris:2", Use(job="train-1", direction="input", name="data"))
    _, latest, _ = mlw(capsys, "data", "list", "dev", "-o", "json", "--query", "[].version")
    _, table, _ = mlw(capsys, "data", "list", "dev", "--name", "iris")
    _, shown, _ = mlw(capsys, "data", "show", "dev", "--name", "iris", "-o", "json")
    _, changed, _ = mlw(capsys, "data", "update", "dev", "-n", "iris", "--set", "description=new", "--tags", "a=b")

    assert json.loads(latest) == ["2"]
    assert [line.split()[:3] for line in table.splitlines()[1:]] == [
        ["iris", "2", "uri_file"],
        ["iris", "1", "uri_file"],
    ]
    assert [one["job"] for one in json.loads(shown)["jobs"]] == ["train-1"]
    assert (json.loads(changed)["version"], json.loads(changed)["description"], json.loads(changed)["tags"]) == (
        "2",
        "new",
        {"a": "b"},
    )


def test_a_deleted_version_is_said_and_comes_back(workspace: DataWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    create(workspace, "1", "2")
    assert mlw(capsys, "data", "archive", "dev", "--name", "iris", "--label", "latest")[1] == (
        "Archived: version 2 of data 'iris'.\n"
    )
    refused, _, asked = mlw(capsys, "data", "delete", "dev", "--name", "iris", "--version", "1")
    code, out, _ = mlw(capsys, "data", "delete", "dev", "--name", "iris", "--version", "1", "--yes")
    _, _, missing = mlw(capsys, "data", "show", "dev", "--name", "iris", "--version", "1")
    _, deleted, _ = mlw(capsys, "data", "list", "dev", "--deleted-only", "-o", "json", "--query", "[].version")
    _, restored, _ = mlw(capsys, "data", "restore", "dev", "--name", "iris")

    assert (refused, "there is no terminal" in asked) == (2, True)
    assert (code, out) == (0, "Deleted: version 1 of data 'iris'.\n")
    assert "it was deleted. `mlw data restore` brings it back" in missing
    assert json.loads(deleted) == ["1"]
    assert restored == "Restored: version 1 of data 'iris'.\nRestored: version 2 of data 'iris'.\n"


def test_a_deletion_sweeps_what_was_deleted_before_the_retention(
    workspace: DataWorkspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create(workspace, "1", "2", "3")
    for version, days in (("1", 8), ("2", 6)):
        moment = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        with monkeypatch.context() as patch:
            patch.setattr(asset_records, "now", lambda moment=moment: moment)
            workspace.assets.delete(AssetKind.DATA, "iris", version)

    _, _, said = mlw(capsys, "data", "delete", "dev", "--name", "iris", "--version", "3", "--yes")

    assert "`mlw data restore` brings it back within 7 days." in said
    assert {one.version for one in workspace.assets.list(AssetKind.DATA, view="deleted")} == {"2", "3"}


@pytest.mark.parametrize("change", ["path=x", "tags=x", "description"], ids=["path", "tags", "no value"])
def test_nothing_else_can_be_changed(workspace: DataWorkspace, change: str, capsys: pytest.CaptureFixture[str]) -> None:
    create(workspace, "1")

    code, _, err = mlw(capsys, "data", "update", "dev", "--name", "iris", "--set", change)

    assert (code, "only description=TEXT and tags.KEY=VALUE can be changed" in " ".join(err.split())) == (2, True)
