"""`data_collector` of a deployment's file: Azure's defaults, and everything that is not allowed."""

from typing import Any

import pytest

from mlw.online_endpoints.deployment_settings import checked, ignored
from mlw.online_endpoints.endpoint_errors import EndpointError

ON, OFF = {"enabled": "True"}, {"enabled": "False"}
SCRIPT = {"code_configuration": {"code": "/here", "scoring_script": "score.py"}, "environment": "azureml:env:1"}
STORE = "azureml://datastores/workspaceblobstore/paths"


def document(collector: object, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return {"name": "blue", "endpoint_name": "churn", "model": "azureml:m:1", "data_collector": collector, **more}


def test_nothing_is_collected_unless_a_collection_is_enabled() -> None:
    assert checked(document(None)).collection is None
    assert checked(document({"collections": {"request": OFF}})).collection is None


def test_azures_defaults_of_a_collection() -> None:
    found = checked(document({"collections": {"model_inputs": ON, "request": OFF}})).collection

    assert found
    (one,) = found.collections
    assert (one.uri, one.asset, one.version) == (
        f"{STORE}/modelDataCollector/churn/blue/model_inputs/", "churn-blue-model_inputs", "1",
    )  # fmt: skip
    assert (found.sampling_rate, found.rolling_rate, found.has_payload) == (1.0, "hour", False)


def test_the_files_own_values_are_used() -> None:
    data = {"name": "seen", "version": 3, "path": f"{STORE}/mine/seen"}
    collections = {"anything": {"enabled": True, "data": data}, "response": ON}
    given = {"sampling_rate": 0.25, "rolling_rate": "Day", "collections": collections}

    found = checked(document(given, **SCRIPT)).collection

    assert found
    assert (found.collections[0].folder, found.collections[0].asset, found.collections[0].version) == (
        "mine/seen", "seen", "3",
    )  # fmt: skip
    assert (found.sampling_rate, found.rolling_rate, found.has_payload) == (0.25, "day", True)


def test_headers_are_not_collected_and_a_notice_says_so() -> None:
    given = {"collections": {"request": ON}, "request_logging": {"capture_headers": ["a"]}}

    assert ignored(document(given)) == [
        "`data_collector.request_logging` is ignored: headers of requests are not collected."
    ]


@pytest.mark.parametrize(
    ("collector", "said"),
    [
        ({"sampling_rate": 1}, "data_collector has no collections"),
        ({"collections": {"request": ON}, "sampling_rate": 1.5}, "sampling_rate is 1.5; allowed: 0 to 1"),
        (
            {"collections": {"request": ON}, "rolling_rate": "year"},
            "rolling_rate is 'year'; allowed: minute, hour, day",
        ),
        ({"collections": {"a/b": ON}}, "collections has 'a/b'"),
        ({"collections": {"features": ON}}, "has 'features'; allowed without a scoring script: model_inputs"),
        ({"collections": {"request": {}}}, "request.enabled is missing"),
        ({"collections": {"request": {**ON, "data": {"path": "azureml://datastores/other/paths/a"}}}}, "nowhere else"),
        ({"collections": {"request": {**ON, "data": {"path": f"{STORE}/*"}}}}, "data.path is"),
        ({"collections": {"request": {**ON, "data": {"path": f"{STORE}/a/../b"}}}}, "data.path is"),
        ({"collections": {"request": {**ON, "data": "azureml:a:1"}}}, "allowed: a mapping"),
    ],
)
def test_what_is_not_allowed_is_refused(collector: dict[str, Any], said: str) -> None:
    with pytest.raises(EndpointError, match=r"reading deployment 'blue'") as raised:
        checked(document(collector))

    assert said in str(raised.value)
