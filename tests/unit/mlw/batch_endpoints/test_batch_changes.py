"""Changes of batch endpoints and their deployments."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from mlw.batch_endpoints import batch_changes, batch_deployments
from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.batch_endpoints.batch_options import BatchEndpoints
from mlw.batch_endpoints.batch_records import BatchDeployment, BatchRecords
from tests.support.memory_documents import MemoryDocuments


@pytest.fixture
def batch() -> BatchEndpoints:
    records = BatchRecords(MemoryDocuments(), "artifacts")
    found = cast("BatchEndpoints", SimpleNamespace(records=records, user="ada"))
    batch_changes.create(found, {"name": "churn", "tags": {"team": 7}}, said.append)
    records.write(BatchDeployment(name="trees", endpoint="churn", document={}, environment=""))
    return found


said: list[str] = []


def test_an_endpoint_is_made_by_its_creator_without_a_default(batch: BatchEndpoints) -> None:
    found = batch.records.endpoint("churn")

    assert (found.created_by, found.tags, found.default_deployment) == ("ada", {"team": "7"}, "")


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        ({"name": "a_b"}, "name is 'a_b'"),
        ({"name": "abc", "auth_mode": "key"}, "auth_mode is 'key'; allowed: aad_token"),
        ({"name": "abc", "defaults": {"deployment_name": "trees"}}, "does not exist yet"),
    ],
)
def test_a_wrong_file_is_refused(batch: BatchEndpoints, document: dict[str, Any], wrong: str) -> None:
    with pytest.raises(BatchEndpointError, match=wrong):
        batch_changes.create(batch, document, said.append)


@pytest.mark.parametrize("given", [(("defaults.deployment_name=trees",), None), ((), "deployment_name=trees")])
def test_the_default_deployment_is_set_and_taken_away(
    batch: BatchEndpoints, given: tuple[tuple[str, ...], str | None]
) -> None:
    batch_changes.update(batch, "churn", batch_changes.of_options(*given, "churn"))
    assert batch.records.endpoint("churn").default_deployment == "trees"
    with pytest.raises(BatchEndpointError, match="it is the default deployment"):
        batch_deployments.delete(batch, "churn", "trees")

    batch_changes.update(batch, "churn", batch_changes.of_options(("defaults.deployment_name=",), None, "churn"))

    assert batch.records.endpoint("churn").default_deployment == ""
    batch_deployments.delete(batch, "churn", "trees")
    assert batch.records.deployment_names("churn") == []


def test_a_change_by_a_file_keeps_what_it_does_not_have(batch: BatchEndpoints) -> None:
    batch_changes.update(batch, "churn", batch_changes.of_file({"name": "churn", "description": "new"}))

    found = batch.records.endpoint("churn")
    assert (found.description, found.tags, found.changed_by) == ("new", {"team": "7"}, "ada")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [("name=other", "'name' cannot be changed"), ("defaults.deployment_name=none", "'none', which is no deployment")],
)
def test_what_cannot_be_changed_is_refused(batch: BatchEndpoints, change: str, wrong: str) -> None:
    with pytest.raises(BatchEndpointError, match=wrong):
        batch_changes.update(batch, "churn", batch_changes.of_options((change,), None, "churn"))


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        (["python=3.11", "pip", {"pip": ["mlflow==3.1"]}], ["python=3.11", "pip", {"pip": ["mlflow==3.1"]}]),
        (["pip", {"pip": ["mlflow-skinny==3.1", "six"]}],
         ["pip", {"pip": ["mlflow-skinny==3.1", "six", "mlflow==3.1"]}]),
        (["python=3.11"], ["python=3.11", "pip", {"pip": ["mlflow"]}]),
        (["mlflow=2.9"], ["mlflow=2.9"]),
    ],
)  # fmt: skip
def test_the_environment_of_a_model_has_all_of_mlflow(dependencies: list[Any], expected: list[Any]) -> None:
    assert batch_deployments.with_mlflow({"dependencies": dependencies})["dependencies"] == expected
