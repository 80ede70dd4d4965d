"""Monitors: from `create_monitor` to the job that carries it out, and to the settings of its program."""

import shlex
from typing import Any

import pytest

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.job_programs.model_monitor.monitor_settings import Settings, Signal, Window
from mlw.jobs import job_types
from mlw.monitoring import monitor_jobs
from mlw.monitoring.monitor_signals import default_days

COLLECTIONS = {"model_inputs": "azureml:e-d-model_inputs:1", "model_outputs": "azureml:e-d-model_outputs:1"}
DAILY = {"type": "recurrence", "frequency": "day", "interval": 1}
TABLE = {"path": "/project/reference.csv", "type": "uri_file"}


def job(
    signals: dict[str, Any] | None = None,
    collections: dict[str, str] = COLLECTIONS,
    **over: Any,  # noqa: ANN401 - YAML
) -> tuple[dict[str, Any], list[str]]:
    definition = {"compute": {"instance_type": "x"}, **({"monitoring_signals": signals} if signals else {})}
    document = {"name": "m", "trigger": DAILY, "create_monitor": {**definition, **over}}
    return monitor_jobs.monitor_of(document, ("e", "d"), collections, "reading schedule 'm'")


def settings_of(document: dict[str, Any]) -> Settings:
    return Settings.of(shlex.split(str(job_types.as_command(document)["command"]))[-1])


def signal(**over: Any) -> Signal:  # noqa: ANN401 - YAML
    (found,) = settings_of(job({"drift": {"type": "data_drift", **over}})[0]).signals
    return found


def test_only_a_target_is_azures_three_signals_on_what_the_deployment_collects() -> None:
    document, notices = job()

    found = settings_of(document)
    assert [(one.name, one.type) for one in found.signals] == [
        ("data-drift-signal", "data_drift"), ("prediction-drift-signal", "prediction_drift"),
        ("data-quality-signal", "data_quality"),
    ]  # fmt: skip
    assert document["inputs"] == {
        "trigger_time": "${{creation_context.trigger_time}}",
        "data_0": {"type": "uri_folder", "path": "azureml:e-d-model_inputs:1"},
        "data_1": {"type": "uri_folder", "path": "azureml:e-d-model_outputs:1"},
    }
    assert [one.production.input for one in found.signals] == ["data_0", "data_1", "data_0"]
    assert found.signals[0].production.window == Window("P1D", "")
    assert found.signals[0].reference.window == Window("P2D", "P1D")
    assert (found.monitor, found.target, found.signals[0].numerical) == (
        "m", "e/d", {"normalized_wasserstein_distance": 0.1}
    )  # fmt: skip
    assert "`create_monitor.compute` is ignored: the monitor is a job on compute 'local'" in notices[0]


def test_the_job_is_a_command_with_the_program_and_its_own_environment() -> None:
    found = job_types.as_command({**job()[0], "name": "m-1", "code": "x"})

    assert (found["type"], found["program"], found["environment"]) == (
        "monitor", "model_monitor", {"lock": "monitoring"}
    )  # fmt: skip
    assert (found["compute"], "code" in found) == ("local", False)


def test_data_windows_features_and_thresholds_of_the_file_apply() -> None:
    found = signal(
        production_data={"data_window": {"lookback_window_size": "default", "lookback_window_offset": "PT1H"}},
        reference_data={
            "input_data": TABLE, "data_column_names": {"target_column": "y"},
            "data_window": {"window_start": "2026-01-01", "window_end": "2026-02-01"},
        },
        features=["a", "b"], feature_type_override={"a": "Categorical"}, alert_enabled=False,
        metric_thresholds={"numerical": {"two_sample_kolmogorov_smirnov_test": 1}},
    )  # fmt: skip

    assert (found.production.window, found.reference.input, found.reference.target) == (
        Window("P1D", "PT1H"), "data_1", "y"
    )  # fmt: skip
    assert found.reference.window == Window(start="2026-01-01", end="2026-02-01")
    assert (found.features, found.column_types, found.has_alerts) == (("a", "b"), {"a": "categorical"}, False)
    assert (found.numerical, found.categorical) == ({"two_sample_kolmogorov_smirnov_test": 1.0}, {})


def test_what_is_ignored_is_said() -> None:
    features = {"top_n_feature_importance": 3}
    _, notices = job(
        {"drift": {"type": "data_drift", "features": features, "properties": {"a": "b"}}},
        alert_notification={"emails": ["a@example.com"]},
    )

    assert [one.partition(" is ignored")[0].partition(" are ignored")[0] for one in notices[1:]] == [
        "signal 'drift': `features.top_n_feature_importance`", "signal 'drift': `properties`",
        "`alert_notification.emails`",
    ]  # fmt: skip


def test_all_that_is_wrong_is_one_error() -> None:
    window = {"lookback_window_size": "7 days"}
    with pytest.raises(ScheduleError, match="reading schedule 'm'") as caught:
        job(
            {
                "a b": {"type": "prediction_drift", "production_data": {"data_window": window}},
                "c": {
                    "type": "data_drift", "feature_type_override": {"x": "text"},
                    "reference_data": {"data_window": {"window_start": "May"}},
                },
            },
            {"model_inputs": COLLECTIONS["model_inputs"]},
        )  # fmt: skip

    said = str(caught.value)
    assert "collection 'model_outputs' is not one of the deployment; its enabled collections: model_inputs." in said
    assert "lookback_window_size is '7 days'; allowed: a duration" in said
    assert "feature_type_override of 'x' is 'text'; allowed: numerical, categorical." in said
    assert "has only one of window_start and window_end." in said
    assert "window_start is 'May'; allowed: a date" in said
    assert "signal 'a b': not a name" in said


@pytest.mark.parametrize("given", ["e:d:f", "azureml:e", "/subscriptions/x"], ids=str)
def test_another_target_than_a_deployment_is_refused(given: str) -> None:
    with pytest.raises(ScheduleError, match=f"is '{given}'; allowed: azureml:ENDPOINT:DEPLOYMENT"):
        monitor_jobs.target_of({"monitoring_target": {"endpoint_deployment_id": given}}, "reading schedule 'm'")


def test_a_target_is_an_endpoint_and_a_deployment_or_nothing() -> None:
    given = {"monitoring_target": {"ml_task": "classification", "endpoint_deployment_id": "azureml:e:d"}}

    assert monitor_jobs.target_of(given, "") == ("e", "d")
    assert monitor_jobs.target_of({}, "") is None


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"expression": "0 0 * * *"}, 7),
        ({"frequency": "Hour", "interval": 6}, 1),
        ({"frequency": "day", "interval": 3}, 3),
        ({"frequency": "week", "interval": 2}, 14),
        ({"frequency": "month", "interval": 1}, 30),
    ],
    ids=["cron", "hour", "days", "weeks", "month"],
)
def test_a_window_without_a_size_is_as_long_as_in_azure(trigger: dict[str, Any], expected: int) -> None:
    assert default_days(trigger) == expected
