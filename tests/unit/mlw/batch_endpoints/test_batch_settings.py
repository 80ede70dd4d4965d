"""The file of a batch deployment: defaults, and all mistakes at once."""

from typing import Any

import pytest

from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.batch_endpoints.batch_settings import DEFAULTS, check, settings_of

CODE = {"code": "/src", "scoring_script": "score.py"}
DEPLOYMENT = {"name": "trees", "endpoint_name": "churn", "code_configuration": CODE, "environment": "azureml:a:1"}


def test_the_defaults_are_azures() -> None:
    assert settings_of({}) == {**DEFAULTS, "resources": {}, "environment_variables": {}}
    assert DEFAULTS["retry_settings"] == {"max_retries": 3, "timeout": 30}


def test_a_part_of_retry_settings_keeps_the_other_default() -> None:
    found = settings_of({"retry_settings": {"timeout": 5}, "instance_count": 2, "error_threshold": 0})

    assert found["retry_settings"] == {"max_retries": 3, "timeout": 5}
    assert (found["resources"], found["error_threshold"]) == ({"instance_count": 2}, 0)


def test_a_deployment_with_a_script_or_with_a_model_is_right() -> None:
    check(DEPLOYMENT)
    check({"name": "trees", "endpoint_name": "churn", "model": "azureml:m@latest", "error_threshold": -1})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "a_b"}, "name is 'a_b'"),
        ({"code_configuration": None}, "neither code_configuration nor model"),
        ({"code_configuration": {"code": "/src"}}, "code_configuration.scoring_script is missing"),
        ({"environment": None}, "environment is missing"),
        ({"environment": {"build": {"path": "/docker"}}}, "environment.build: the folder is not stored"),
        ({"mini_batch_size": 0}, "mini_batch_size is 0; allowed: whole numbers from 1"),
        ({"error_threshold": -2}, "error_threshold is -2"),
        ({"retry_settings": {"timeout": "soon"}}, "retry_settings.timeout is 'soon'"),
        ({"output_action": "none"}, "output_action is 'none'; allowed: append_row, summary_only"),
        ({"output_file_name": "../a.csv"}, "output_file_name is '../a.csv'"),
        ({"logging_level": "loud"}, "logging_level is 'loud'"),
        ({"mini_batchsize": 2}, "'mini_batchsize' cannot be set here; allowed: code_configuration, compute"),
        ({"environment_variables": {"a-b": 1}}, "'a-b', which is not a name of a variable"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BatchEndpointError) as caught:
        check({**DEPLOYMENT, **fields})

    assert said in str(caught.value)


def test_all_mistakes_are_in_one_error() -> None:
    with pytest.raises(BatchEndpointError) as caught:
        check({**DEPLOYMENT, "name": "", "mini_batch_size": True, "logging_level": "loud"})

    assert str(caught.value).count("\n- ") == 3
