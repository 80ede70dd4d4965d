"""Monitors of deployments: a schedule with `create_monitor`, its jobs, their reports and alerts."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.jobs_workspace import data_of
from tests.support.probes import probe_until
from tests.support.processes import Finished
from tests.support.served_endpoints import Served, records
from tests.support.studio import running_studio

ROWS = 20
WAIT_SECONDS = 60
DRIFT = "drift/a/normalized_wasserstein_distance"
QUERY = "SELECT message, customDimensions FROM customEvents WHERE name = 'ModelMonitorAlert' ORDER BY timestamp"


@pytest.fixture
def deployment(served: Served, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Address and key of a deployment that collects what it gets; it doubles its column `a`."""
    endpoint, file = tmp_path / "endpoint.yml", served.files["folder"] / "monitored.yml"
    endpoint.write_text(yaml.safe_dump({"name": "monitored", "auth_mode": "key"}), encoding="utf-8")
    document = yaml.safe_load(served.files["mlflow"].read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**document, "name": "doubling", "endpoint_name": "monitored"}), encoding="utf-8")
    made = data_of(served.mlw("online-endpoint", "create", "-f", str(endpoint)))
    try:
        served.mlw("online-deployment", "create", "-f", str(file), "--all-traffic").check()
        key = data_of(served.mlw("online-endpoint", "get-credentials", "-n", "monitored"))["primaryKey"]
        yield made["scoring_uri"], key
    finally:
        served.mlw("online-endpoint", "delete", "-n", "monitored", "--yes").check()


@pytest.fixture
def monitor(tmp_path: Path) -> Path:
    """The file of a monitor, in Azure's words; its first job is due at once."""
    (tmp_path / "reference.csv").write_text("a,y\n" + "".join(f"{one},0\n" for one in range(ROWS)), encoding="utf-8")
    reference = {
        "input_data": {"path": "reference.csv", "type": "uri_file"}, "data_context": "training",
        "data_column_names": {"target_column": "y"},
    }  # fmt: skip
    definition = {
        "compute": {"instance_type": "standard_e4s_v3", "runtime_version": "3.4"},
        "monitoring_target": {"ml_task": "regression", "endpoint_deployment_id": "azureml:monitored:doubling"},
        "monitoring_signals": {
            "drift": {
                "type": "data_drift", "reference_data": reference, "features": "all_features",
                "metric_thresholds": {"numerical": {"normalized_wasserstein_distance": 0.1}},
            },
            "predictions": {
                "type": "prediction_drift", "metric_thresholds": {"numerical": {"jensen_shannon_distance": 0.1}},
            },
            "quality": {
                "type": "data_quality", "reference_data": reference, "alert_enabled": False,
                "metric_thresholds": {"numerical": {"out_of_bounds_rate": 0.5, "null_value_rate": 0.0}},
            },
        },
        "alert_notification": {"emails": ["ana@example.com"]},
    }  # fmt: skip
    schema = "https://azuremlschemas.azureedge.net/latest/monitorSchedule.schema.json"
    trigger = {"type": "recurrence", "frequency": "day", "interval": 1}
    document = {"$schema": schema, "name": "doubling", "trigger": trigger, "create_monitor": definition}
    file = tmp_path / "monitor.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_a_monitor_says_when_there_is_too_little_data_and_alerts_when_it_drifts(
    served: Served, deployment: tuple[str, str], monitor: Path, tmp_path: Path
) -> None:
    with _created(served, monitor) as created:
        first = served.mlw("schedule", "trigger", "-n", "doubling").check().stdout.strip()
        empty = served.mlw("job", "stream", first).check().stdout
    before = _events(served)
    _ask(*deployment)
    for name in ("model_inputs", "model_outputs"):
        records(served, f"modelDataCollector/monitored/doubling/{name}/")
    with _created(served, monitor):  # its first job is due now, after the data was collected
        ran = served.mlw("schedule", "run").check().stdout
        second = ran.partition("job '")[2].partition("'")[0]
        streamed = served.mlw("job", "stream", second).check().stdout
        shown = data_of(served.mlw("schedule", "show", "-n", "doubling", "-o", "json"))
        text = served.mlw("schedule", "show", "-n", "doubling").check().stdout

    assert "`alert_notification.emails` is ignored" in created.stderr
    assert data_of(created)["create_monitor"]["monitoring_target"]["ml_task"] == "regression"
    assert "signal 'drift': not computed, too little data: fewer than 10 rows of production data" in empty
    assert ("result: too little data" in empty, before) == (True, [])
    assert "result: alerts" in streamed
    result = shown["last_result"]
    assert (result["job"], result["status"], list(result["skipped"])) == (second, "alerts", ["predictions"])
    assert [(one["signal"], one["feature"]) for one in result["alerts"]] == [("drift", "a")]
    assert "drift: normalized_wasserstein_distance of a is" in text
    job = data_of(served.mlw("job", "show", second, "-o", "json"))
    assert (job["type"], job["status"]) == ("monitor", "Completed")
    run = data_of(served.mlw("run", "show", job["run_id"], "-o", "json"))
    assert (run["metrics"]["alerts"], run["tags"]["mlw.monitor"]) == (1.0, "alerts")
    assert (run["metrics"][DRIFT] > 1, run["metrics"]["quality/a/out_of_bounds_rate"]) == (True, 1.0)
    _check_reports(served, second, tmp_path)
    _check_studio(served, second)
    ((message, dimensions),) = _events(served, least=1)
    assert message.startswith("monitor 'doubling': signal 'drift': normalized_wasserstein_distance of 'a' is ")
    assert (json.loads(dimensions)["job"], json.loads(dimensions)["deployment"]) == (second, "doubling")
    assert message in served.mlw("insights", "logs", "--severity", "warning", "-o", "json").check().stdout


@contextmanager
def _created(served: Served, file: Path) -> Iterator[Finished]:
    """A schedule, which is deleted at the end."""
    made = served.mlw("schedule", "create", "-f", str(file)).check()
    try:
        yield made
    finally:
        served.mlw("schedule", "disable", "-n", "doubling").check()
        served.mlw("schedule", "delete", "-n", "doubling", "--yes").check()


def _ask(uri: str, key: str) -> None:
    data = {"columns": ["a"], "index": list(range(ROWS)), "data": [[100 + one] for one in range(ROWS)]}
    headers = {"Authorization": f"Bearer {key}"}
    requests.post(uri, json={"input_data": data}, headers=headers, timeout=60).raise_for_status()


def _events(served: Served, least: int = 0) -> list[Any]:
    def found() -> list[Any]:
        rows: list[Any] = data_of(served.mlw("insights", "query", QUERY, "-o", "json"))
        assert len(rows) >= least
        return [list(one.values()) if isinstance(one, dict) else one for one in rows]

    return probe_until(found, what="events of alerts", timeout_seconds=WAIT_SECONDS)


def _check_studio(served: Served, job: str) -> None:
    stack = served.stack.stack
    with running_studio(stack.environment, stack.name, program="mlw") as studio:
        browser = requests.Session()
        browser.get(studio.link, timeout=30)
        page = browser.get(f"{studio.base}/stacks/{stack.name}/jobs", params={"job": job}, timeout=60).text
        (report,) = re.findall(r'href="([^"]+)" aria-label="Download the report on drift"', page)
        saved = browser.get(studio.base + html.unescape(report), timeout=60)
    assert ("doubling: alerts" in page, '<span class="state bad">alert</span>' in page) == (True, True)
    assert (saved.status_code, "<html" in saved.text[:2000]) == (200, True)


def _check_reports(served: Served, job: str, folder: Path) -> None:
    served.mlw("job", "download", job, "--all", "--download-path", str(folder / "kept")).check()
    files = {one.name: one for one in (folder / "kept").rglob("*") if one.is_file()}
    assert {"monitor.json", "drift.html", "drift.json", "quality.html", "quality.json"} <= set(files)
    assert "predictions.html" not in files
    assert "<html" in files["drift.html"].read_text(encoding="utf-8")[:2000]
