"""Jobs and schedules in the studio: lists, logs, the graph of a pipeline, child runs by objective."""

import re
from html import escape
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from infra.errors import MlWorkspaceError
from mlw.jobs.job_records import Job, JobRecord
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.stored_log import folder_of
from mlw.studio import job_page, job_section, tracking_section
from mlw.studio.child_runs import Objective, objective_of
from tests.support.example_jobs import ExampleJobs, MemoryLogs
from tests.support.insights_rows import EVIL
from tests.unit.mlw.studio.conftest import STACK


def text_of(browser: TestClient, place: str) -> str:
    found = browser.get(f"/stacks/{STACK}/{place}")
    assert (found.status_code, "This panel cannot be shown" in found.text) == (200, False)
    return found.text


def test_jobs_are_listed_without_steps_and_refreshed_while_one_runs(browser: TestClient) -> None:
    shown = text_of(browser, "jobs")

    listed = re.findall(r'class="name"><a href="/stacks/churn/jobs\?job=([a-z-]+)"', shown)
    assert sorted(listed) == ["drifting", "failed", "graph", "running", "tuning", "whole"]
    assert 'hx-trigger="every 5s"' in shown
    assert '<span class="state bad">Failed</span>' in shown


def test_a_job_that_runs_is_read_again_until_it_is_paused(browser: TestClient) -> None:
    assert 'hx-get="/stacks/churn/jobs?job=running"' in text_of(browser, "jobs?job=running")
    assert "hx-trigger" not in text_of(browser, "jobs?job=running&paused=yes")
    assert "hx-trigger" not in text_of(browser, "jobs?job=whole")


def test_a_log_has_no_codes_for_terminals_and_the_last_state_of_a_line(browser: TestClient) -> None:
    shown = text_of(browser, "jobs?job=whole")

    assert f"epoch 2\n{escape(EVIL)}\n" in shown.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert "epoch 1" not in shown


def test_a_monitor_shows_its_checks_alerts_first_and_its_reports(browser: TestClient) -> None:
    shown = text_of(browser, "jobs?job=drifting")

    evil = str(escape(EVIL)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    assert "nightly: alerts" in shown
    cells = re.findall(
        r'<td class="number">([^<]*)</td><td class="number">([^<]*)</td><td>\s*<span class="state (\w+)">([^<]*)', shown
    )
    assert cells == [("0.75", "0.1", "bad", "alert"), ("0.05", "0.1", "good", "ok")]
    assert f'<td class="name">{evil}</td><td class="name">jensen_shannon_distance</td>' in shown
    blob = quote("ExperimentRun/dcid.drifting/outputs/drift.html", safe="")
    assert f"/stacks/churn/storage/download?container=azureml&amp;blob={blob}" in shown
    assert f"too little data {evil}" in shown
    assert "quality.html" not in shown


def test_of_a_long_log_the_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_page, "LOG_BYTES", 6)
    record = JobRecord(name="long", type="command", document={})
    running = Job(record=record, state=JobState(status=JobStatus.RUNNING))
    logs = MemoryLogs({f"{folder_of('long')}{start:013d}": text for start, text in ((0, b"012345"), (6, b"6789"))})
    ended = Job(record=record, state=JobState(status=JobStatus.COMPLETED))
    stored = MemoryLogs({"ExperimentRun/dcid.long/user_logs/std_log.txt": b"0123456789"})

    assert job_page.log_end(logs, running) == b"456789"  # type: ignore[arg-type]  # as far as it is used
    assert job_page.log_end(stored, ended) == b"456789"  # type: ignore[arg-type]  # likewise


def test_the_graph_shows_status_reuse_and_what_did_not_run(browser: TestClient) -> None:
    shown = text_of(browser, "jobs?job=graph")

    nodes = re.findall(r'<a href="([^"]*)" class="node (bad)? *(outside)? *">\s*<title>([^<]*)', shown)
    assert [(one[0].partition("job=")[2], one[1], one[2]) for one in nodes if "&lt;" not in one[3]] == [
        ("graph-prepare", "", ""), ("graph-train", "bad", ""), ("graph", "", "outside"),
    ]  # fmt: skip
    assert "Completed, reused" in shown
    assert "its code has changed" in shown
    assert shown.count('<g class="edge">') == 3


def test_child_runs_are_ranked_by_the_objective_and_lead_to_their_jobs(browser: TestClient) -> None:
    shown = text_of(browser, "jobs?job=tuning")

    ranks = re.findall(r'<td class="number">\d+</td><td class="name"><a href="[^"]*">([^<]*)</a>', shown)
    assert ranks[:3] == ["depth-8", "depth-7", EVIL_NAME]
    assert "highest accuracy first" in shown
    assert shown.count(">best<") == 1
    assert 'href="/stacks/churn/jobs?job=running">depth-11<' in shown
    assert 'aria-label="Parallel coordinates of 8 child runs over params.depth, params.learning_rate,' in shown


EVIL_NAME = "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;-6"


def test_the_page_of_a_run_has_its_child_runs(browser: TestClient) -> None:
    assert 'id="children"' in text_of(browser, f"runs?run={3:032x}")
    assert 'id="children"' not in text_of(browser, f"runs?run={5:032x}")


def test_without_rights_on_runs_a_job_is_shown_without_its_child_runs(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_access: object) -> None:
        raise MlWorkspaceError("no login")

    monkeypatch.setattr(tracking_section, "tracking_of", refuse)

    assert 'id="children"' not in text_of(browser, "jobs?job=tuning")


@pytest.mark.parametrize(
    ("document", "objective"),
    [
        ({"objective": {"primary_metric": "loss", "goal": "minimize"}}, Objective("loss", is_maximised=False)),
        ({"primary_metric": "accuracy"}, Objective("accuracy")),
        (
            {"primary_metric": "normalized_root_mean_squared_error"},
            Objective("normalized_root_mean_squared_error", is_maximised=False),
        ),
        ({}, Objective("")),
    ],
    ids=["sweep", "classification", "regression", "none"],
)
def test_the_objective_is_that_of_the_file(document: dict[str, object], objective: Objective) -> None:
    assert objective_of(document) == objective


def test_schedules_show_what_is_late_and_what_could_not_be_submitted(browser: TestClient) -> None:
    shown = text_of(browser, "schedules")

    assert "no compute &lt;img" in shown
    assert '<span class="state bad">late</span>' in shown
    assert "mlw schedule run churn --timer" in shown
    assert 'href="/stacks/churn/jobs?job=whole"' in shown


def test_schedules_of_instances_are_those_of_the_stack_as_it_is_deployed(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = {"action": "Stop", "triggerType": "Cron", "cron": {"expression": "0 18 * * *"}}
    found = ExampleJobs()
    found.computes = [{"name": "ci-ana", "type": "ComputeInstance", "schedules": {"computeStartStop": [stop]}}]
    monkeypatch.setattr(job_section, "jobs_of", lambda _access: found)

    assert "stop ci-ana" in text_of(browser, "schedules")


def test_computes_show_the_state_of_instances_and_the_jobs_of_clusters(browser: TestClient) -> None:
    shown = text_of(browser, "computes")

    assert re.findall(r"ci-(\w+)</td><td>(?:<span class=\"(?:state )?(\w+)\">)", shown) == [
        ("Running", "good"), ("Stopped", "dim"), ("Missing", "bad"),
    ]  # fmt: skip
    assert "mlw compute connect churn --name ci-Running" in shown
    assert "STANDARD_DS3_V2" in shown


@pytest.mark.parametrize(("panel", "advice"), [("jobs", "mlw job create churn"), ("schedules", "mlw schedule create")])
def test_empty_panels_say_what_to_do(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, panel: str, advice: str
) -> None:
    empty = ExampleJobs()
    monkeypatch.setattr(type(empty.jobs), "last", lambda _self, **_given: [])
    monkeypatch.setattr(type(empty.schedules), "all", lambda _self: [])
    monkeypatch.setattr(job_section, "jobs_of", lambda _access: empty)
    assert advice in text_of(browser, panel)

    monkeypatch.setattr(job_section, "has_computes", lambda _access: False)
    assert "mlw compute create churn" in text_of(browser, panel)
