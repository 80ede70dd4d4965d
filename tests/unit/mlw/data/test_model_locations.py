"""Models and artifacts of runs as inputs of jobs: where their files are in the artifact store."""

import functools

import pytest

from mlw.data.data_errors import DataPathError
from mlw.data.data_lookup import resolve
from mlw.data.data_workspace import DataWorkspace
from mlw.tracking.tracking_client import TrackingNotFoundError
from tests.support.fake_tracking import FakeTracking, run_document
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_documents import CONNECTION
from tests.unit.mlw.data.conftest import STORES

RUN = "a" * 32


@pytest.fixture
def models(blobs: MemoryBlobs) -> DataWorkspace:
    tracking = FakeTracking()
    tracking.add(run_document(RUN, "base"))
    source = f"mlflow-artifacts:/1/{RUN}/artifacts/model"
    tracking.models["churn"] = [{"name": "churn", "version": str(one), "source": source} for one in (1, 2)]
    for name in ("model/MLmodel", "model/w.bin", "notes.txt"):
        blobs.content["azureml", f"mlflow/1/{RUN}/artifacts/{name}"] = name.encode()
    return DataWorkspace(CONNECTION, STORES, tracking=functools.partial(lambda: tracking))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("path", "type_", "name", "is_folder", "asset"),
    [
        ("azureml:churn:1", "mlflow_model", "model", True, "azureml:churn:1"),
        ("azureml:churn@latest", "custom_model", "model", True, "azureml:churn:2"),
        (f"runs:/{RUN}/model", "mlflow_model", "model", True, ""),
        (f"runs:/{RUN}/notes.txt", "uri_file", "notes.txt", False, ""),
    ],
    ids=["version", "latest", "artifacts of a run", "one file of a run"],
)
def test_a_model_is_found_in_the_artifact_store(
    models: DataWorkspace, path: str, type_: str, name: str, *, is_folder: bool, asset: str
) -> None:
    found = resolve(models, {"path": path, "type": type_})

    assert (found.container, found.name) == ("azureml", f"mlflow/1/{RUN}/artifacts/{name}")
    assert (found.is_folder, found.asset, len(found.digest)) == (is_folder, asset, 64)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("azureml:churn", DataPathError, "allowed are azureml:NAME:VERSION and azureml:NAME@latest"),
        ("azureml:churn:9", TrackingNotFoundError, "no version '9'"),
        (f"runs:/{RUN}/../x", DataPathError, "must not lead out"),
    ],
    ids=["no version", "unknown version", "climbs out"],
)
def test_other_references_are_errors(models: DataWorkspace, path: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve(models, {"path": path, "type": "custom_model"})
