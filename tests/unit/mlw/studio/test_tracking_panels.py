"""Experiments, runs and models in the studio: what is asked, what is shown, what is downloaded."""

import json
import math
import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from mlw.studio import tracking_section
from mlw.studio.run_drawings import comparison_chart, metric_chart, parallel_coordinates
from mlw.tracking.tracking_records import Run, Value
from tests.support.fake_tracking import FakeTracking, example_tracking
from tests.support.insights_rows import EVIL
from tests.unit.mlw.studio.conftest import STACK

THIRD = f"{3:032x}"


@pytest.fixture
def mlflow(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> FakeTracking:
    """The MLflow that the panels ask."""
    made = example_tracking()
    monkeypatch.setattr(tracking_section, "tracking_of", lambda _access: made)
    return made


def text_of(browser: TestClient, place: str) -> str:
    found = browser.get(f"/stacks/{STACK}/{place}")
    assert (found.status_code, "This panel cannot be shown" in found.text) == (200, False)
    return found.text


def test_headings_sort_and_the_chosen_columns_are_shown(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, "runs?sort=accuracy:desc&columns=accuracy,params.depth&filter=metrics.loss<1")

    assert mlflow.last_search["filter"] == "metrics.loss<1"
    assert mlflow.last_search["order_by"][0] == "metrics.`accuracy` DESC"
    assert 'aria-sort="descending"' in shown
    assert "sort=accuracy%3Aasc" in shown
    assert "params.depth" in shown
    assert "params.learning_rate" not in shown


def test_parallel_coordinates_have_a_line_for_each_run(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, "runs?columns=params.depth,accuracy")

    assert shown.count('<polyline class="shade-') == 12
    assert 'aria-label="Parallel coordinates of 12 runs over params.depth, accuracy.' in shown


def test_a_metric_of_the_first_runs_is_compared_over_steps(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, "runs?sort=loss:asc&metric=loss")

    (data,) = [json.loads(unescape(one)) for one in re.findall(r'data-chart="([^"]*)"', shown)]
    assert [len(one["values"]) for one in data["series"]] == [60, 60, 60, 60]
    assert data["series"][1]["label"] == "depth-1"
    assert "runs?sort=loss%3Aasc&amp;metric=accuracy" in shown


def test_a_filter_with_an_error_keeps_the_form(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, "runs?sort=params.")

    assert "sorting by &#39;params.&#39;: not an order." in shown
    assert 'name="filter"' in shown


def test_the_page_of_a_run_has_charts_git_facts_snapshot_and_artifacts(
    browser: TestClient, mlflow: FakeTracking
) -> None:
    shown = text_of(browser, f"runs?run={THIRD}")

    data = [json.loads(unescape(one)) for one in re.findall(r'data-chart="([^"]*)"', shown)]
    assert [(one["series"][0]["label"], one["axis"], len(one["times"])) for one in data] == [
        ("accuracy", "Step", 60), ("loss", "Step", 60),
    ]  # fmt: skip
    snapshot = f"LocalUpload%2F{'a' * 64}%2Fsnapshot.zip"
    assert f"storage/download?container=blobs&amp;blob={snapshot}" in shown
    assert "<dt>Uncommitted changes</dt><dd>yes</dd>" in shown
    assert f"runs?run={THIRD}&amp;folder=plots" in shown
    assert EVIL not in shown


def test_metrics_are_drawn_over_time_on_request(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, f"runs?run={THIRD}&x=time")

    first = json.loads(unescape(re.findall(r'data-chart="([^"]*)"', shown)[0]))
    assert first["axis"] == "Time (UTC)"
    assert first["times"][1] - first["times"][0] == pytest.approx(0.1, abs=1e-3)


def test_an_artifact_is_saved_and_never_shown(browser: TestClient, mlflow: FakeTracking) -> None:
    found = browser.get(f"/stacks/{STACK}/runs/download", params={"run": THIRD, "path": f"{EVIL}.svg"})

    assert found.content == b"<script>alert(1)</script>"
    assert found.headers["Content-Type"] == "application/octet-stream"
    assert found.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", ""])
def test_an_artifact_outside_of_the_run_is_not_asked_for(path: str, browser: TestClient, mlflow: FakeTracking) -> None:
    found = browser.get(f"/stacks/{STACK}/runs/download", params={"run": THIRD, "path": path})

    assert (found.status_code, "no such artifact" in found.text) == (502, True)


def test_models_lead_to_their_runs(browser: TestClient, mlflow: FakeTracking) -> None:
    shown = text_of(browser, "models?model=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22%27")

    assert shown.count(f"/stacks/{STACK}/runs?run={THIRD}") == 2


def test_without_tracking_the_panels_say_how_to_switch_it_on(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_section, "address_of", lambda _access: "")

    for panel in ("experiments", "runs", "models"):
        shown = text_of(browser, panel)
        assert "Tracking is off" in shown
        assert "`ml-workspace:tracking: {}`" in shown


def test_mlflows_own_page_is_one_click_away(browser: TestClient, mlflow: FakeTracking) -> None:
    assert 'href="http://127.0.0.1:20008"' in text_of(browser, "experiments")


def test_a_long_series_is_thinned_out_and_keeps_its_last_value() -> None:
    values = [Value(step, float(step), math.nan if step == 0 else float(step)) for step in range(10_001)]

    data = json.loads(metric_chart("loss", values, over_time=False))

    assert len(data["times"]) <= 402
    assert (data["times"][-1], data["series"][0]["values"][-1]) == (10_000, 10_000.0)
    json.dumps(data, allow_nan=False)


def run(number: int, **params: str) -> Run:
    return Run(id=str(number), name=f"r{number}", experiment_id="1", status="FINISHED", params=params)


def test_runs_without_a_number_on_an_axis_have_no_line() -> None:
    runs = [run(1, a="1", b="2"), run(2, a="3", b="4"), run(3, a="x", b="4")]

    drawn = parallel_coordinates(runs, ["params.a", "params.b"])

    assert drawn is not None
    assert [(one.label, one.shade) for one in drawn.lines] == [
        ("r1: params.a 1, params.b 2", 0), ("r2: params.a 3, params.b 4", 4),
    ]  # fmt: skip


def test_runs_that_log_at_different_steps_share_one_axis() -> None:
    data = json.loads(comparison_chart({"a": [Value(0, 0.0, 1.0), Value(2, 0.0, math.inf)], "b": [Value(1, 0.0, 5.0)]}))

    assert (data["times"], [one["values"] for one in data["series"]]) == (
        [0, 1, 2], [[1.0, None, None], [None, 5.0, None]],
    )  # fmt: skip


@pytest.mark.parametrize("columns", [[], ["params.a"], ["params.a", "params.missing"]])
def test_one_axis_makes_no_figure(columns: list[str]) -> None:
    assert parallel_coordinates([run(1, a="1"), run(2, a="2")], columns) is None
