"""Data in a real storage account: uploads, paths of datastores, assets, outputs of jobs, lineage."""

import dataclasses
import io
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from docker import DockerClient

from mlw.assets.asset_errors import AssetExistsError, AssetNotFoundError
from mlw.assets.asset_references import AssetKind
from mlw.data import data_creation, job_data, lineage, uploads
from mlw.data.data_errors import DataError, DataNotFoundError, DataPathError
from mlw.data.data_locations import DataLocation
from mlw.data.data_lookup import resolve
from mlw.data.data_outputs import output_location
from mlw.data.data_workspace import DataWorkspace
from mlw.data.lineage import Use
from mlw.jobs.command_jobs import BlobLocation
from mlw.jobs.job_records import REUSED_JOB, JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.shared_documents import SharedDocuments
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.storage_container import ROOT, SECRET, running_storage

STORES = [
    {"name": "workspaceblobstore", "type": "AzureBlob", "container": "blobs", "isDefault": True},
    {"name": "workspaceartifactstore", "type": "AzureBlob", "container": "azureml", "isDefault": False},
    {"name": "elsewhere", "type": "S3", "container": "far", "isDefault": False},
]


@pytest.fixture(scope="module")
def workspace(engine: DockerClient) -> Iterator[DataWorkspace]:
    with running_storage(engine) as endpoint:
        keys = {"accessKey": ROOT, "secretKey": SECRET}
        client = s3_client({"endpoints": {"storage": endpoint}, "credentials": {"storage": keys}})
        for container in ("blobs", "azureml"):
            client.create_bucket(Bucket=container)
        yield DataWorkspace(to_storage(endpoint, ROOT, SECRET), STORES, user="dora")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with names that are not plain, and files that its ignore file excludes."""
    path = tmp_path / "my data"
    (path / "sub folder").mkdir(parents=True)
    (path / "a b.csv").write_text("1,2\n", encoding="utf-8")
    (path / "sub folder" / "übung 日本.txt").write_text("x", encoding="utf-8")
    (path / "cache.tmp").write_text("-", encoding="utf-8")
    (path / ".amlignore").write_text("*.tmp\n", encoding="utf-8")
    return path


def names(workspace: DataWorkspace, location: DataLocation) -> list[str]:
    return [one.name for one in workspace.files_of(location)]


def put(workspace: DataWorkspace, name: str, content: bytes = b"x", container: str = "blobs") -> None:
    workspace.blobs.write(container, name, io.BytesIO(content), size=len(content))


def test_a_folder_is_stored_once_by_its_content(workspace: DataWorkspace, folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    (folder / "a b.csv").write_text("only here", encoding="utf-8")
    first = uploads.upload(workspace, folder, "uri_folder", say=lines.append)
    again = uploads.upload(workspace, folder, "uri_folder", say=lines.append)

    assert again == first
    assert len(lines) == 1
    assert names(workspace, first) == [".amlignore", "a b.csv", "sub folder/übung 日本.txt"]
    assert first.uri == f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{first.digest}/my data/"
    (folder / "a b.csv").write_text("3,4\n", encoding="utf-8")
    assert uploads.upload(workspace, folder, "uri_folder").digest != first.digest


def test_an_interrupted_upload_continues(workspace: DataWorkspace, folder: Path) -> None:
    (folder / "a b.csv").write_text("interrupted", encoding="utf-8")
    stored = uploads.upload(workspace, folder, "uri_folder")
    keys = {"accessKey": ROOT, "secretKey": SECRET}
    outputs = {"endpoints": {"storage": workspace.connection.endpoint}, "credentials": {"storage": keys}}
    s3_client(outputs).delete_object(Bucket="blobs", Key=f"{stored.name}/a b.csv")
    lines: list[str] = []

    uploads.upload(workspace, folder, "uri_folder", say=lines.append)

    assert lines == [f"Uploading 1 file (0.0 MiB): {folder}"]
    assert "a b.csv" in names(workspace, stored)


@pytest.mark.parametrize(
    ("type_", "path", "message"),
    [
        ("uri_file", "my data", "is a folder, not uri_file. Set the type to uri_folder"),
        ("uri_folder", "my data/a b.csv", "is a file, not uri_folder. Set the type to uri_file"),
        ("mltable", "my data", "is a folder with a file 'MLTable', and '.*' has none"),
        ("uri_folder", "none", "does not exist"),
    ],
    ids=["folder", "file", "table", "missing"],
)
def test_a_path_that_is_not_of_its_type_is_an_error(
    workspace: DataWorkspace, folder: Path, type_: str, path: str, message: str
) -> None:
    with pytest.raises(DataPathError, match=message):
        resolve(workspace, {"path": str(folder.parent / path), "type": type_})


def test_links_out_of_a_folder_are_not_uploaded(workspace: DataWorkspace, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("s", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")

    assert "link.txt" not in names(workspace, uploads.upload(workspace, folder, "uri_folder"))


def test_paths_of_datastores_are_found_with_a_hash_of_their_content(workspace: DataWorkspace) -> None:
    put(workspace, "raw/2024/a.csv", b"1")
    path = "azureml://datastores/workspaceblobstore/paths/raw/2024/"
    first = resolve(workspace, {"path": path})
    put(workspace, "raw/2024/a.csv", b"2")
    file = resolve(workspace, {"path": f"{path}a.csv", "type": "uri_file"})

    assert (first.container, first.name, first.is_folder) == ("blobs", "raw/2024", True)
    assert (file.name, file.is_folder) == ("raw/2024/a.csv", False)
    assert resolve(workspace, {"path": path}).digest != first.digest


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"path": "azureml://datastores/workspaceblobstore/paths/none/"}, "there is nothing at 'none' in datastore"),
        ({"path": "azureml://datastores/workspaceblobstore/paths/here/a"}, "is a file, not uri_folder. Set the type"),
        (
            {"path": "azureml://datastores/workspaceblobstore/paths/here", "type": "uri_file"},
            "is a folder, not uri_file",
        ),
        ({"path": "azureml://datastores/workspaceblobstor/paths/a"}, "Did you mean 'workspaceblobstore'"),
        ({"path": "azureml://datastores/elsewhere/paths/a"}, "is in an external object store"),
        ({"path": "https://example.org/a", "type": "uri_folder"}, "a web address is one file"),
        ({}, "it has no path"),
    ],
    ids=["missing", "file", "folder", "datastore", "external", "web folder", "no path"],
)
def test_what_cannot_be_found_is_said(workspace: DataWorkspace, document: dict[str, str], message: str) -> None:
    put(workspace, "here/a")

    with pytest.raises(DataError, match=message):
        resolve(workspace, document)


def test_an_asset_is_a_reference_that_never_changes(workspace: DataWorkspace, folder: Path) -> None:
    made = data_creation.create(
        workspace, {"name": "mine", "version": 1, "path": str(folder), "type": "uri_folder", "description": "x"}
    )
    found = resolve(workspace, {"path": "azureml:mine@latest"})

    assert made.document["path"] == found.uri
    assert (found.asset, names(workspace, found)[1]) == ("azureml:mine:1", "a b.csv")
    assert resolve(workspace, {"path": "azureml:mine:1"}) == found
    (folder / "new.csv").write_text("1", encoding="utf-8")
    with pytest.raises(AssetExistsError, match="Set the version to '2'"):
        data_creation.create(workspace, {"name": "mine", "version": 1, "path": str(folder)})
    with pytest.raises(AssetNotFoundError, match=r"no such version\. Versions: 1"):
        resolve(workspace, {"path": "azureml:mine:7"})


def test_an_asset_may_refer_to_what_is_not_there_yet(workspace: DataWorkspace) -> None:
    lines: list[str] = []
    path = "azureml://datastores/workspaceblobstore/paths/later/"
    data_creation.create(workspace, {"name": "later", "path": path}, say=lines.append)
    missing = "there is nothing at 'later' in datastore 'workspaceblobstore' (container 'blobs')."

    assert lines == [f"Note: creating data at '{path}': {missing}"]
    with pytest.raises(
        DataNotFoundError, match=r"looking for 'azureml:later@latest' \(azureml://.*\): there is nothing"
    ):
        resolve(workspace, {"path": "azureml:later@latest"})
    put(workspace, "later/a")
    assert names(workspace, resolve(workspace, {"path": "azureml:later@latest"})) == ["a"]


def test_outputs_of_jobs_are_found_by_the_name_of_the_job(workspace: DataWorkspace) -> None:
    put(workspace, "azureml/job-1/model/MLmodel")
    put(workspace, "ExperimentRun/dcid.job-1/outputs/a.txt", container="azureml")

    model = resolve(workspace, {"path": "azureml://jobs/job-1/outputs/model", "type": "custom_model"})
    file = resolve(
        workspace, {"path": "azureml://jobs/job-1/outputs/artifacts/paths/outputs/a.txt", "type": "uri_file"}
    )

    assert names(workspace, model) == ["MLmodel"]
    assert (file.container, names(workspace, file)) == ("azureml", ["a.txt"])


def test_an_output_of_a_job_is_where_its_record_says(workspace: DataWorkspace) -> None:
    """Not in the default place: it has a path, is a single file, or is of another job whose results were reused."""
    records = JobRecords(SharedDocuments(workspace.connection), "azureml")
    outputs = {
        "scores": BlobLocation(container="blobs", name="own/scores.csv", is_folder=False),
        "model": BlobLocation(container="azureml", name="models/1"),
    }
    record = JobRecord(name="job-2", type="command", document={}, command={}, properties={REUSED_JOB: "job-0"})
    records.submit(record, is_queued=False)
    running = "azureml://jobs/job-2/outputs/scores"
    with pytest.raises(DataNotFoundError, match="has not stored an output 'scores' yet: the job is NotStarted"):
        resolve(workspace, {"path": running, "type": "uri_file"})
    records.write_state("job-2", JobState().moved(JobStatus.COMPLETED, outputs=outputs))
    put(workspace, "own/scores.csv")
    put(workspace, "models/1/MLmodel", container="azureml")
    put(workspace, "ExperimentRun/dcid.job-0/outputs/a.txt", container="azureml")

    scores = resolve(workspace, {"path": running, "type": "uri_file"})
    file = resolve(workspace, {"path": "azureml://jobs/job-2/outputs/model/paths/MLmodel", "type": "uri_file"})
    artifacts = resolve(workspace, {"path": "azureml://jobs/job-2/outputs/artifacts/paths/outputs"})

    assert scores.uri == "azureml://datastores/workspaceblobstore/paths/own/scores.csv"
    assert file.uri == "azureml://datastores/workspaceartifactstore/paths/models/1/MLmodel"
    assert names(workspace, artifacts) == ["a.txt"]
    with pytest.raises(DataNotFoundError, match=r"output 'score'\. Did you mean 'scores'\? Its outputs: model, scores"):
        resolve(workspace, {"path": "azureml://jobs/job-2/outputs/score"})


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({}, "azureml/j/o/"),
        ({"type": "uri_file"}, "azureml/j/o/o"),
        ({"path": "azureml://datastores/${{default_datastore}}/paths/out/${{name}}/${{output_name}}/"}, "out/j/o/"),
        ({"path": "azureml://datastores/workspaceblobstore/paths/a.csv", "type": "uri_file"}, "a.csv"),
    ],
    ids=["default", "file", "placeholders", "file at a path"],
)
def test_outputs_are_stored_at_their_paths(workspace: DataWorkspace, document: dict[str, str], name: str) -> None:
    found = output_location(workspace, document, job="j", output="o")

    assert (found.container, found.prefix) == ("blobs", name)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("./out", "is not a path in a datastore"),
        ("azureml://datastores/workspaceblobstore/paths/${{what}}", r"'\$\{\{what\}\}' in '.*' is not known; allowed"),
        ("azureml://datastores/workspaceblobstore/paths/../x", "must not lead out of its datastore"),
    ],
    ids=["local", "placeholder", "climbs out"],
)
def test_outputs_at_other_paths_are_refused(workspace: DataWorkspace, path: str, message: str) -> None:
    with pytest.raises(DataPathError, match=message):
        output_location(workspace, {"path": path}, job="j", output="o")


def test_an_output_becomes_an_asset_with_lineage_to_its_job(workspace: DataWorkspace) -> None:
    output = job_data.output_of(workspace, "o", {"name": "made", "version": 3}, job="job-2")
    assert (output.asset, output.location) == ("made:3", None)
    put(workspace, "azureml/job-2/o/a")
    place = job_data.as_blob(output_location(workspace, {}, job="job-2", output="o"))

    stored = job_data.register(workspace, output.asset, place, type_=output.type, job="job-2")
    numbered = [job_data.register(workspace, "again", place, type_=output.type, job="job-2") for _ in range(2)]
    assert [one.asset for one in numbered] == ["again:1", "again:1"]
    reference = f"azureml:{stored.asset}"
    lineage.record(workspace, reference, Use(job="job-2", direction="output", name="o", run="r"))
    for _ in range(2):
        lineage.record(workspace, reference, Use(job="job-3", direction="input", name="in"))

    record = workspace.assets.get(AssetKind.DATA, "made", "3")
    digest = resolve(workspace, {"path": reference}).digest
    assert (stored.asset, record.document["properties"]) == ("made:3", {"job": "job-2"})
    assert [(one.job, one.direction, one.name) for one in lineage.uses_of(workspace, reference)] == [
        ("job-2", "output", "o"),
        ("job-3", "input", "in"),
    ]
    assert "made" in {one.name for one in workspace.assets.list(AssetKind.DATA)}
    assert not [one for one in workspace.assets.list(AssetKind.DATA) if one.name.startswith(".")]
    filled = {"path": "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/o/"}
    assert job_data.input_of(workspace, "in", filled, job="job-2").location == dataclasses.replace(place, digest=digest)
    used = job_data.input_of(workspace, "in", {"path": reference}, job="job-2")
    assert used.location is not None
    assert (used.location.asset, used.location.name) == ("made:3", "azureml/job-2/o")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/my%20data.csv"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"1,2\n" if found else b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_file_on_the_web_is_copied_for_a_job(workspace: DataWorkspace, web: str) -> None:
    made = data_creation.create(workspace, {"name": "web", "path": f"{web}/my%20data.csv", "type": "uri_file"})
    found = job_data.input_of(workspace, "in", {"path": made.reference, "type": "uri_file"}, job="j")

    assert found.location is not None
    assert (found.location.asset, found.location.name.rpartition("/")[2]) == ("web:1", "my data.csv")
    with pytest.raises(DataNotFoundError, match="the server returned 404"):
        job_data.input_of(workspace, "in", {"path": f"{web}/none.csv", "type": "uri_file"}, job="j")
    with pytest.raises(DataNotFoundError, match="cannot be reached from here"):
        job_data.input_of(workspace, "in", {"path": "http://127.0.0.1:1/a.csv", "type": "uri_file"}, job="j")


def test_large_data_is_never_held_in_memory(workspace: DataWorkspace, tmp_path: Path) -> None:
    size = 96 << 20
    with (tmp_path / "large").open("wb") as content:
        content.truncate(size)
    tracemalloc.start()
    try:
        stored = uploads.upload(workspace, tmp_path / "large", "uri_file")
        (file,) = workspace.files_of(stored)
        with workspace.reading(stored, file) as pieces:
            read = sum(len(piece) for piece in pieces)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (file.size, read) == (size, size)
    assert peak < 40 << 20
