"""`mlw model`: registering from files and runs, versions, archiving, downloads."""

import json
from pathlib import Path

import pytest

from mlw.tracking.registered_models import ARCHIVED_TAG, FOLDER_TAG, TYPE_TAG
from mlw.tracking.tracking_client import TrackingAccessError
from tests.support.fake_tracking import FakeTracking
from tests.unit.mlw.tracking.conftest import SECOND
from tests.unit.mlw.tracking.test_run_commands import mlw

MODEL_FILE = """$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json
name: churn
path: weights
type: custom_model
description: first
tags: {stage: test}
properties: {depth: 3}
"""


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A model.yml next to the folder that it names."""
    (tmp_path / "models" / "weights" / "deep").mkdir(parents=True)
    (tmp_path / "models" / "weights" / "deep" / "w.bin").write_bytes(b"w")
    (tmp_path / "models" / "model.yml").write_text(MODEL_FILE, encoding="utf-8")
    return tmp_path / "models" / "model.yml"


@pytest.mark.parametrize("word", ["create", "register"])
def test_files_become_a_logged_model_and_a_version_of_it(
    word: str, model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = mlw(capsys, "model", word, "dev", "-f", str(model_file), "--tags", "team=blue")

    created = next(body for path, body in tracking.sent if path == "POST model-versions/create")
    assert (code, out) == (0, "Registered: version 1 of model 'churn'.\n")
    assert tracking.files["0/models/m-1/artifacts/deep/w.bin"] == b"w"
    assert (created["source"], created["model_id"]) == ("mlflow-artifacts:/0/models/m-1/artifacts", "m-1")
    assert {tag["key"]: tag["value"] for tag in created["tags"]} == {
        "stage": "test", "team": "blue", "azureml.property.depth": "3", TYPE_TAG: "custom_model",
        FOLDER_TAG: "weights",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"runs:/{SECOND}/plots", {"source": f"mlflow-artifacts:/1/{SECOND}/artifacts/plots", "run_id": SECOND}),
        (
            f"azureml://jobs/{SECOND}/outputs/artifacts/paths/plots",
            {"source": f"mlflow-artifacts:/1/{SECOND}/artifacts/plots", "run_id": SECOND},
        ),
        (
            f"runs:/{SECOND}/model",
            {"source": "mlflow-artifacts:/1/models/m-9/artifacts", "run_id": SECOND, "model_id": "m-9"},
        ),
    ],
    ids=["artifact", "Azure's form", "logged model"],
)
def test_what_a_run_has_logged_is_not_copied(
    path: str, expected: dict[str, str], tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    mlw(capsys, "model", "create", "dev", "-n", "churn", "-p", path, "-t", "mlflow_model")

    created = next(body for sent, body in tracking.sent if sent == "POST model-versions/create")
    assert {key: created[key] for key in ("source", "run_id", "model_id") if key in created} == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-n churn", "'path' is missing. Set it in the model file, or use --path."),
        ("-p FILE", "'name' is missing."),
        ("-n a/b -p FILE", "name 'a/b' is not valid. Allowed: 1-255 letters"),
        ("-n churn -p missing", "'missing' does not exist."),
        ("-n churn -p FILE -t onnx", "type 'onnx' is not known. Allowed: custom_model, mlflow_model, triton_model."),
        ("-n churn -p FILE -t mlflow_model", "a mlflow_model is a folder with a file 'MLmodel'"),
        ("-n churn -p s3://bucket/x", "path 's3://bucket/x' is not a local path, runs:/RUN/PATH, or azureml://jobs"),
        (f"-n churn -p runs:/{SECOND}/nothing", "has no artifact and no logged model 'nothing'. Logged models: model."),
        ("-n churn -p FILE -v two", "version 'two' is not a whole number."),
    ],
)
def test_a_wrong_description_is_one_message(
    words: str, message: str, model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = mlw(capsys, "model", "create", "dev", *words.replace("FILE", str(model_file)).split())

    assert (code, [path for path, _ in tracking.sent]) == (1, [])
    assert message in error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "not a mapping. Keys: $schema, name, version, path,"),
        ("name: [", "reading model file"),
        ("nmae: x", "unknown key 'nmae'. Allowed keys: $schema, name,"),
        ("name: x\npath: y\ntags: [a]", "'tags' is not a mapping of names to text: ['a']."),
    ],
)
def test_a_wrong_model_file_is_one_message(
    text: str, message: str, tracking: FakeTracking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "model.yml").write_text(text, encoding="utf-8")

    code, _, error = mlw(capsys, "model", "create", "dev", "-f", str(tmp_path / "model.yml"))

    assert (code, message in error) == (1, True), error


def test_a_version_cannot_be_changed_and_numbers_are_mlflows(
    model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("model", "create", "dev", "-f", str(model_file))
    mlw(capsys, *words, "--version", "1")
    _, _, exists = mlw(capsys, *words, "--version", "1")
    tracking.next_version, tracking.sent = 2, []
    _, _, other = mlw(capsys, *words, "--version", "7")

    assert "version '1' exists, and versions cannot be changed." in exists
    assert "the next one is '3', not '7'. Omit the version." in other
    assert [path for path, _ in tracking.sent][-2:] == ["DELETE model-versions/delete", "DELETE logged-models/m-1"]


def test_what_was_uploaded_is_removed_when_something_fails_and_the_first_error_is_reported(
    model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_file: object) -> None:
        raise TrackingAccessError("uploading: HTTP 403")

    monkeypatch.setattr(tracking, "upload", fail)
    code, _, error = mlw(capsys, "model", "create", "dev", "-f", str(model_file))

    assert (code, "HTTP 403" in error) == (1, True)
    assert [path for path, _ in tracking.sent] == ["POST logged-models", "DELETE logged-models/m-1"]


def test_archived_models_and_versions_are_hidden(
    model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    mlw(capsys, "model", "create", "dev", "-f", str(model_file))
    archived, _, _ = mlw(capsys, "model", "archive", "dev", "-n", "churn")
    tracking.model_tags["churn"] = {ARCHIVED_TAG: "true"}
    _, hidden, _ = mlw(capsys, "model", "list", "dev", "-o", "tsv")
    _, shown, _ = mlw(capsys, "model", "list", "dev", "--include-archived", "--query", "[].isArchived", "-o", "json")
    mlw(capsys, "model", "restore", "dev", "-n", "churn", "-v", "1")

    body = {"name": "churn", "key": ARCHIVED_TAG}
    assert (archived, hidden, json.loads(shown)) == (0, "\n", [True])
    assert tracking.sent[-2:] == [
        ("POST registered-models/set-tag", {**body, "value": "true"}),
        ("DELETE model-versions/delete-tag", {**body, "version": "1"}),
    ]


def test_versions_are_read_page_by_page_and_more_of_them_are_announced(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    tracking.models["churn"] = [{"name": "churn", "version": str(number), "source": "s"} for number in range(1, 9)]

    listing = ("model", "list", "dev", "-n", "churn", "--query", "[].version", "-o", "json")
    _, every, silence = mlw(capsys, *listing)
    _, some, notice = mlw(capsys, *listing, "--max-results", "4")

    assert (json.loads(every), silence) == ([str(number) for number in range(8, 0, -1)], "")
    assert json.loads(some) == ["8", "7", "6", "5"]
    assert "There may be more than these 4" in notice


def test_the_newest_version_is_downloaded_below_the_models_name(
    model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mlw(capsys, "model", "create", "dev", "-f", str(model_file))
    code, out, _ = mlw(capsys, "model", "download", "dev", "-n", "churn", "-p", str(tmp_path / "out"))

    assert (code, "version 1 of model 'churn', 1 file to" in out) == (0, True)
    assert (tmp_path / "out" / "churn" / "deep" / "w.bin").read_bytes() == b"w"


def test_a_version_of_one_file_is_downloaded(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mlw(capsys, "model", "create", "dev", "-n", "conf", "-p", f"runs:/{SECOND}/conf.json")
    mlw(capsys, "model", "download", "dev", "-n", "conf", "-p", str(tmp_path / "out"))

    assert (tmp_path / "out" / "conf" / "conf.json").read_bytes() == b"{}"


def test_deleting_a_version_needs_yes_and_names_it(
    model_file: Path, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    mlw(capsys, "model", "create", "dev", "-f", str(model_file))
    refused, _, _ = mlw(capsys, "model", "delete", "dev", "-n", "churn", "-v", "1")
    unknown, _, error = mlw(capsys, "model", "delete", "dev", "-n", "churn", "-v", "2", "--yes")
    done, out, _ = mlw(capsys, "model", "delete", "dev", "-n", "churn", "-v", "1", "--yes")

    assert (refused, unknown, done, out) == (2, 1, 0, "Deleted: version 1 of model 'churn'.\n")
    assert "no version '2'. Versions: 1." in error
    assert tracking.sent[-1] == ("DELETE model-versions/delete", {"name": "churn", "version": "1"})
