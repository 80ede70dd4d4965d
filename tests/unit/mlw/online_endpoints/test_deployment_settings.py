"""What a deployment's file says: defaults, everything that is wrong at once, what is ignored."""

from typing import Any

import pytest

from mlw.online_endpoints.deployment_settings import Probe, checked, ignored
from mlw.online_endpoints.endpoint_errors import EndpointError

CODE = {"code": "/here", "scoring_script": "score.py"}


def document(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    base = {"name": "blue", "endpoint_name": "churn", "code_configuration": CODE, "environment": "azureml:env:1"}
    return {**base, **more}


def test_azures_defaults() -> None:
    found = checked(document())

    assert (found.instance_count, found.timeout_seconds, found.max_concurrent) == (1, 5.0, 1)
    assert found.readiness.patience == 310


def test_what_the_file_says_is_used() -> None:
    found = checked(
        document(
            instance_count=0,
            request_settings={"request_timeout_ms": 90000, "max_concurrent_requests_per_instance": 4},
            liveness_probe={"period": 1, "initial_delay": 0, "failure_threshold": 3, "success_threshold": 1},
            environment_variables={"A": 1},
        )
    )

    assert (found.instance_count, found.timeout_seconds, found.max_concurrent) == (0, 90.0, 4)
    assert found.liveness == Probe(period=1, initial_delay=0, failure_threshold=3)
    assert found.variables == {"A": "1"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": "1blue"}, "name is '1blue'"),
        ({"endpoint_name": "churn-"}, "endpoint_name is 'churn-'"),
        ({"instance_type": "Standard_DS3v2"}, "did you mean 'STANDARD_DS3_V2'"),
        ({"instance_type": "Standard_NC6s_v3"}, "no GPU"),
        ({"instance_count": -1}, "instance_count is -1; allowed: 0 to 50"),
        ({"request_settings": {"request_timeout_ms": 200_000}}, "allowed: 1 to 180000"),
        ({"readiness_probe": {"period": 0}}, "readiness_probe.period is 0"),
        ({"scale_settings": {"type": "target_utilization"}}, "instance_count"),
        ({"environment_variables": {"A-B": 1}}, "'A-B'"),
        ({"code_configuration": {"code": "/here"}}, "code_configuration.scoring_script is missing"),
        ({"code_configuration": None}, "neither code_configuration nor model"),
        ({"environment": None}, "reading deployment"),
    ],
)
def test_what_is_not_allowed_is_refused(more: dict[str, Any], said: str) -> None:
    given = document(**more)
    given = {key: value for key, value in given.items() if value is not None}

    with pytest.raises(EndpointError, match=r"reading deployment .* of endpoint") as caught:
        checked(given)

    assert said in str(caught.value)


def test_everything_is_reported_at_once() -> None:
    with pytest.raises(EndpointError) as caught:
        checked(document(name="-", instance_count=99, instance_type="nothing"))

    assert str(caught.value).count("\n- ") == 3


def test_what_is_ignored_is_said() -> None:
    found = ignored(document(app_insights_enabled=True, request_settings={"max_queue_wait_ms": 500}))

    assert [one.split("`")[1] for one in found] == ["app_insights_enabled", "request_settings.max_queue_wait_ms"]
