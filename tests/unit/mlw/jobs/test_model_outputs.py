"""Outputs of jobs that become versions of models."""

from collections.abc import Iterator

import pytest

from mlw.data.data_errors import DataPathError
from mlw.data.data_outputs import check_asset
from mlw.jobs import model_outputs
from mlw.jobs.job_errors import JobError
from mlw.jobs.ports import SourceFile
from mlw.tracking.model_file import ModelSpec
from mlw.tracking.registered_models import TYPE_TAG, ModelType
from mlw.tracking.tracking_client import TrackingRequestError
from tests.support.fake_tracking import FakeTracking, run_document

RUN = "b" * 32
SPEC = ModelSpec(name="churn", path="model", type=ModelType.MLFLOW, properties={"job": "train"})


@pytest.fixture
def tracking() -> FakeTracking:
    found = FakeTracking()
    found.add(run_document(RUN, "train"))
    return found


def _register(tracking: FakeTracking, spec: ModelSpec, *names: str) -> tuple[str, list[str]]:
    stored: list[str] = []

    def files() -> Iterator[SourceFile]:
        yield from (SourceFile(name=name, size=1, content=(b"x",)) for name in names)

    def put(folder: str, one: SourceFile) -> None:
        stored.append(f"{folder}/{one.name}")

    made = model_outputs.register(tracking, spec, files, put, run=RUN)  # type: ignore[arg-type]
    return made, stored


def test_the_files_are_artifacts_of_the_run_and_the_version_belongs_to_it(tracking: FakeTracking) -> None:
    made, stored = _register(tracking, SPEC, "MLmodel", "data/model.pkl")

    created = next(body for path, body in tracking.sent if path == "POST model-versions/create")
    root = f"1/{RUN}/artifacts/model"
    assert (made, stored) == ("churn:1", [f"mlflow/{root}/MLmodel", f"mlflow/{root}/data/model.pkl"])
    assert (created["source"], created["run_id"]) == (f"mlflow-artifacts:/{root}", RUN)
    assert {tag["key"]: tag["value"] for tag in created["tags"]} == {
        TYPE_TAG: "mlflow_model", "azureml.property.job": "train",
    }  # fmt: skip


def test_a_runner_that_was_killed_registers_nothing_twice(tracking: FakeTracking) -> None:
    tracking.models["churn"] = [
        {"name": "churn", "version": "4", "source": f"mlflow-artifacts:/1/{RUN}/artifacts/model"}
    ]

    assert _register(tracking, SPEC, "MLmodel") == ("churn:4", [])
    assert tracking.sent == []


def test_a_model_of_mlflow_needs_its_description_and_nothing_is_stored_without_it(tracking: FakeTracking) -> None:
    with pytest.raises(JobError, match=r"output 'model' as model 'churn': a mlflow_model .* 'MLmodel', and the output"):
        _register(tracking, SPEC, "model.pkl")
    assert tracking.sent == []


def test_another_version_than_the_next_one_is_an_error(tracking: FakeTracking) -> None:
    wanted = ModelSpec(name="churn", path="model", version="7", type=ModelType.CUSTOM)

    with pytest.raises(TrackingRequestError, match="the next one is '2', not '7'"):
        _register(tracking, wanted, "w.bin")


def test_a_version_that_no_model_can_have_is_refused_before_the_job_runs() -> None:
    with pytest.raises(DataPathError, match="version 'x' of model 'churn' is not a whole number"):
        check_asset({"type": "mlflow_model", "name": "churn", "version": "x"}, "model")
    check_asset({"type": "uri_folder", "name": "churn", "version": "x"}, "data")
