"""Records of endpoints and deployments."""

from dataclasses import replace

import pytest

from mlw.online_endpoints.endpoint_errors import EndpointError, EndpointNotFoundError
from mlw.online_endpoints.endpoint_records import DeployedModel, Deployment, Endpoint, EndpointRecords
from tests.support.memory_documents import MemoryDocuments

BLUE = Deployment(
    name="blue",
    endpoint="churn",
    document={"name": "blue"},
    revision="r1",
    instance_count=2,
    server="score",
    image="host/image@sha256:1",
    model=DeployedModel(name="m", version="3", location="there"),
)


@pytest.fixture
def records() -> EndpointRecords:
    return EndpointRecords(MemoryDocuments(), "artifacts")


def test_endpoints_and_deployments_are_read_as_they_were_written(records: EndpointRecords) -> None:
    endpoint = Endpoint(name="churn", traffic={"blue": 100}, key_hashes=["a", "b"])
    records.create(endpoint)
    records.write(BLUE)

    assert records.all() == [endpoint]
    assert records.deployments("churn") == [BLUE]
    assert records.deployment("churn", "blue") == BLUE


def test_all_is_read_with_one_listing(records: EndpointRecords) -> None:
    plain = Endpoint(name="churn", key_hashes=[])
    of_blue = Endpoint(name="churn-2", tags={"a": "b"}, key_hashes=[])
    other = replace(BLUE, endpoint="churn-2")
    for one in (of_blue, plain):
        records.create(one)
    records.write(other)
    records.write(replace(BLUE, endpoint="of-a-deleted-endpoint"))

    assert records.everything() == [(of_blue, [other]), (plain, [])]
    assert records.all() == [of_blue, plain]


def test_a_name_is_taken_once(records: EndpointRecords) -> None:
    records.create(Endpoint(name="churn"))

    with pytest.raises(EndpointError, match="the name is taken"):
        records.create(Endpoint(name="churn"))


def test_what_is_missing_is_an_error_with_what_there_is(records: EndpointRecords) -> None:
    records.create(Endpoint(name="churn"))
    records.write(BLUE)

    with pytest.raises(EndpointNotFoundError, match=r"no such endpoint.*'churn'"):
        records.endpoint("chrun")
    with pytest.raises(EndpointNotFoundError, match=r"no such deployment.*Deployments: blue"):
        records.deployment("churn", "green")


def test_changes_replace_what_there_was(records: EndpointRecords) -> None:
    records.create(Endpoint(name="churn"))
    records.write(BLUE)
    records.write(replace(BLUE, revision="r2"))
    records.change("churn", lambda one: replace(one, traffic={"blue": 100}))

    assert records.deployment("churn", "blue").revision == "r2"
    assert records.endpoint("churn").traffic == {"blue": 100}


def test_nothing_is_left_of_a_deleted_endpoint() -> None:
    documents = MemoryDocuments()
    records = EndpointRecords(documents, "artifacts")
    records.create(Endpoint(name="churn"))
    records.write(BLUE)

    records.delete("churn")

    assert documents.blobs == {}


def test_a_deployment_of_any_name_is_no_endpoint(records: EndpointRecords) -> None:
    records.create(Endpoint(name="churn"))
    records.write(replace(BLUE, name="endpoint"))

    assert records.names() == ["churn"]
    assert records.deployment_names("churn") == ["endpoint"]
