"""What `mlw run` adds for MLflow; the storage account is a fake."""

import json
from pathlib import Path

import pytest

from infra.client_variables import Access
from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.blob_files import BlobForbiddenError
from mlw.client_environment.run_facts import EXPERIMENT_NAME, RUN_CONTEXT, RunOptions, variables_of
from mlw.stacks.stacks import Stack, open_stack
from mlw.tracking import git_facts, stored_snapshots
from mlw.tracking.tracking_access import TrackingOffError
from tests.unit.states import CREDENTIALS, Place, a_workspace, the_outputs

FACTS = {"mlflow.source.git.commit": "c0ffee"}
LOGIN = {"username": "admin", "password": "secret-of-tracking"}


class Blobs:
    """A store that remembers, or refuses."""

    refuses = False
    uploaded: list[tuple[str, str]]

    def __init__(self, _connection: ServiceConnection) -> None:
        pass

    def exists(self, *_blob: str) -> bool:
        return False

    def upload(self, container: str, name: str, _file: Path, **_type: str) -> None:
        if self.refuses:
            raise BlobForbiddenError
        self.uploaded.append((container, name))


@pytest.fixture(autouse=True)
def blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    Blobs.uploaded, Blobs.refuses = [], False
    monkeypatch.setattr(stored_snapshots, "BlobFiles", Blobs)
    monkeypatch.setattr(git_facts, "git_facts", lambda _folder: dict(FACTS))


@pytest.fixture
def stack(place: Place) -> Stack:
    outputs = the_outputs("dev", datastores=[{"name": "workspaceblobstore", "container": "azureml-blobstore-1"}])
    place.deploy("dev", a_workspace("dev", outputs=outputs))
    return open_stack("dev")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("pass", encoding="utf-8")
    return tmp_path / "src" / "train.py"


def access(**credentials: dict[str, str]) -> Access:
    endpoints = {**the_outputs("dev")["endpoints"], "tracking": "http://127.0.0.1:20008"}
    return Access(endpoints=endpoints, credentials=credentials)


ALL = access(**CREDENTIALS, tracking=LOGIN)


def tags_of(found: dict[str, str]) -> dict[str, str]:
    return dict(json.loads(found[RUN_CONTEXT]))


def test_runs_get_git_facts_and_the_snapshot_of_the_scripts_folder(stack: Stack, script: Path) -> None:
    found = variables_of(stack, ALL, RunOptions(words=("python", str(script), "--lr", "0.1")), {})

    tags = tags_of(found)
    ((container, name),) = Blobs.uploaded
    assert (container, name) == ("azureml-blobstore-1", f"LocalUpload/{tags['ContentSnapshotId']}/snapshot.zip")
    assert tags.items() >= FACTS.items()
    assert list(found) == [RUN_CONTEXT]


def test_a_command_without_a_python_file_has_no_snapshot(stack: Stack) -> None:
    found = variables_of(stack, ALL, RunOptions(words=("sh", "-c", "x.py", "missing.py")), {})

    assert (tags_of(found), Blobs.uploaded) == (FACTS, [])


def test_the_option_names_a_folder_or_none(stack: Stack, script: Path) -> None:
    none = variables_of(stack, ALL, RunOptions(words=("python", str(script)), has_snapshot=False), {})
    named = variables_of(stack, ALL, RunOptions(words=("sh",), code=script.parent), {})

    assert ("ContentSnapshotId" in tags_of(none), "ContentSnapshotId" in tags_of(named)) == (False, True)


def test_the_users_own_tags_are_kept(stack: Stack) -> None:
    inherited = {RUN_CONTEXT: json.dumps({"team": "churn", "mlflow.source.git.commit": "mine"})}
    found = variables_of(stack, ALL, RunOptions(words=("sh",)), inherited)
    broken = variables_of(stack, ALL, RunOptions(words=("sh",)), {RUN_CONTEXT: "{"})

    assert tags_of(found) == {"team": "churn", "mlflow.source.git.commit": "mine"}
    assert tags_of(broken) == FACTS


def test_the_experiment_is_a_variable(stack: Stack) -> None:
    found = variables_of(stack, ALL, RunOptions(words=("sh",), experiment="churn"), {})

    assert found[EXPERIMENT_NAME] == "churn"


@pytest.mark.parametrize("has_keys", [True, False], ids=["refused", "without keys"])
def test_without_rights_to_the_blob_store_the_command_runs_with_a_note(
    has_keys: bool,  # noqa: FBT001 - a column of the table
    stack: Stack,
    script: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Blobs.refuses = True
    given = access(tracking=LOGIN, **({"storage": CREDENTIALS["storage"]} if has_keys else {}))

    found = variables_of(stack, given, RunOptions(words=("python", str(script))), {})

    assert tags_of(found) == FACTS
    assert "the role includes no rights to read and write blobs" in capsys.readouterr().err


def test_nothing_is_added_without_a_login_or_without_tracking(stack: Stack, script: Path) -> None:
    options = RunOptions(words=("python", str(script)))
    without = Access(endpoints=the_outputs("dev")["endpoints"], credentials=CREDENTIALS)

    assert variables_of(stack, access(storage=CREDENTIALS["storage"]), options, {}) == {}
    assert (variables_of(stack, without, options, {}), Blobs.uploaded) == ({}, [])


def test_naming_an_experiment_without_tracking_says_how_to_switch_it_on(stack: Stack) -> None:
    without = Access(endpoints=the_outputs("dev")["endpoints"], credentials=CREDENTIALS)

    with pytest.raises(TrackingOffError, match=r"`ml-workspace:tracking: \{\}`.*`make up STACK=dev`"):
        variables_of(stack, without, RunOptions(words=("sh",), experiment="churn"), {})
