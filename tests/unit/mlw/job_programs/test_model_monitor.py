"""The program of monitors, without pandas and Evidently: windows, records, alerts. Jobs show the rest."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlw.job_programs.model_monitor import alert_events, feature_checks, windowed_rows
from mlw.job_programs.model_monitor.feature_checks import Check
from mlw.job_programs.model_monitor.monitor_report import Result, metric_name
from mlw.job_programs.model_monitor.monitor_settings import Settings, Signal, Source, Window, duration_of
from mlw.job_programs.program_errors import ProgramMistakeError

NOW = datetime(2026, 12, 2, tzinfo=UTC)
SETTINGS = Settings(
    monitor="m", target="e/d", signals=(Signal("drift", "data_drift", Source("data_0"), Source("data_1")),)
)
ALERT = Check("drift", "a", "normalized_wasserstein_distance", 0.5, 0.1, is_crossed=True)


class _Collector(HTTPServer):
    """Keeps what is sent."""

    received: list[tuple[str, str, Any]]
    status = 200


class _Handler(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, self.headers["authorization"], body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[_Collector]:
    with _Collector(("127.0.0.1", 0), _Handler) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _environment(collector: _Collector) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20t",
        "AZUREML_RUN_ID": "m-1",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P7D", timedelta(days=7)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT6H", timedelta(hours=30)),
        ("PT90M", timedelta(minutes=90)),
        ("", timedelta()),
    ],
    ids=str,
)
def test_durations_are_those_of_iso_8601(text: str, expected: timedelta) -> None:
    assert duration_of(text) == expected


@pytest.mark.parametrize("text", ["P", "PT", "P1M", "7D", "P7", "P1DT"], ids=str)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        duration_of(text)


def test_settings_survive_the_command_line() -> None:
    assert Settings.of(SETTINGS.as_text()) == SETTINGS


def test_a_window_moves_with_the_job_or_stays() -> None:
    assert Window("P1D", "PT1H").limits(NOW) == (NOW - timedelta(hours=25), NOW - timedelta(hours=1))
    assert Window(start="2026-01-01", end="2026-01-02").limits(NOW) == (
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    )  # fmt: skip


def test_records_of_the_window_count_and_their_rows(tmp_path: Path) -> None:
    times = ("2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", "2026-12-01T23:59:59Z", "2026-12-02T00:00:00Z")
    data = ([{"a": 0}], [{"a": 1}, {"a": 2}], {"a": 3}, [{"a": 4}])
    records = [{"specversion": "1.0", "time": time, "data": one} for time, one in zip(times, data, strict=True)]
    text = {"specversion": "1.0", "time": times[1], "data": "no table"}
    file = tmp_path / "x.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in [*records, text]), encoding="utf-8")

    found = list(windowed_rows._rows(file, *Window("P1D").limits(NOW)))

    assert found == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"specversion": "1.0"}\n', encoding="utf-8")

    with pytest.raises(ProgramMistakeError, match=r"line 1 of 'x\.jsonl' is not a record of it: 'time'"):
        list(windowed_rows._rows(file, NOW, NOW))


@pytest.mark.parametrize(
    ("metric", "value", "is_crossed"),
    [
        ("jensen_shannon_distance", 0.2, True),
        ("jensen_shannon_distance", 0.1, False),
        ("pearsons_chi_squared_test", 0.01, True),
        ("two_sample_kolmogorov_smirnov_test", 0.5, False),
    ],
    ids=str,
)
def test_distances_are_crossed_above_and_probabilities_below(metric: str, value: float, is_crossed: bool) -> None:  # noqa: FBT001
    assert feature_checks._check(SETTINGS.signals[0], "a", metric, value, 0.1).is_crossed is is_crossed


def test_a_result_says_whether_anything_was_compared() -> None:
    rows = {"drift": {"production": 3, "reference": 50}}

    assert Result(rows=rows, skipped={"drift": "too little data"}).status == "too little data"
    assert Result(rows=rows).status == "no alerts"
    assert Result(rows=rows, alerts=[ALERT]).status == "alerts"


def test_metrics_have_names_that_mlflow_allows() -> None:
    assert (
        metric_name(Check("s", "fare (€)", "null_value_rate", 0, 0, is_crossed=False)) == "s/fare ___/null_value_rate"
    )


def test_an_alert_is_a_warning_and_an_event(collector: _Collector) -> None:
    assert alert_events.send(SETTINGS, [ALERT], _environment(collector))

    ((path, token, body),) = collector.received
    warning, record = body["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    values = {one["key"]: next(iter(one["value"].values())) for one in record["attributes"]}
    assert (path, token, record["severityNumber"]) == ("/v1/logs", "Bearer t", 13)
    assert record == {**warning, "eventName": "ModelMonitorAlert"}
    assert record["body"]["stringValue"] == (
        "monitor 'm': signal 'drift': normalized_wasserstein_distance of 'a' is 0.5, above the threshold 0.1"
    )
    assert [values[key] for key in ("endpoint", "deployment", "job", "value")] == ["e", "d", "m-1", 0.5]


def test_alerts_that_are_not_accepted_fail_the_job(collector: _Collector) -> None:
    collector.status = 503

    with pytest.raises(ProgramMistakeError, match="sending 1 alerts to application insights: HTTP Error 503"):
        alert_events.send(SETTINGS, [ALERT], _environment(collector))


def test_a_job_without_the_right_to_send_sends_nothing() -> None:
    assert not alert_events.send(SETTINGS, [ALERT], {})
