"""Documents of scheduled jobs: of the schedule's file, or of an earlier job; and what commands print of schedules."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.jobs.job_records import JobRecord
from mlw.schedules.job_references import document_of
from mlw.schedules.schedule_documents import ScheduleState, as_json, schedule_table, schedule_text, trigger_text
from mlw.schedules.schedule_records import Position, Schedule
from mlw.schedules.scheduled_jobs import document_for

CODE = {letter: letter * 64 for letter in "ab"}
BEGIN = "2026-01-01T00:00:00+00:00"
DUE = datetime(2026, 1, 1, 6, tzinfo=UTC)
UPLOADED = {"container": "blobs", "name": "LocalUpload/1/iris.csv", "is_folder": False}


def schedule(**job: Any) -> Schedule:  # noqa: ANN401 - as YAML has it
    trigger = {"type": "cron", "expression": "0 6 * * *", "start_time": BEGIN}
    return Schedule(name="nightly", trigger=trigger, create_job=job, set_at=BEGIN, armed=BEGIN)


def earlier(document: dict[str, Any], **command: Any) -> JobRecord:  # noqa: ANN401 - likewise
    return JobRecord(name="first", type=str(document["type"]), document=document, command=command)


def copied(record: JobRecord) -> dict[str, Any]:
    return document_of(record, lambda container, name: f"azureml://{container}/{name}", "creating schedule 'nightly'")


def test_a_job_is_named_after_the_schedule_and_its_due_time_and_placeholders_are_filled() -> None:
    inputs = {"who": "${{name}}", "when": "at ${{creation_context.trigger_time}}", "data": {"path": "azureml:iris:1"}}
    found = document_for(schedule(type="pipeline", inputs=inputs, display_name="hello"), DUE)

    assert found["name"] == found["display_name"] == "nightly-20260101T060000Z"
    assert found["inputs"]["who"] == "nightly-20260101T060000Z"
    assert found["inputs"]["when"] == "at 2026-01-01T06:00:00Z"
    assert found["inputs"]["data"] == {"path": "azureml:iris:1"}


def test_a_monitor_is_shown_with_what_its_last_job_has_found() -> None:
    monitor = replace(schedule(type="monitor"), create_monitor={"monitoring_target": {}})
    alert = {"signal": "drift", "metric": "psi", "feature": "a", "value": 0.51234567, "threshold": 0.1}
    found = {"job": "nightly-1", "status": "alerts", "alerts": [alert], "skipped": {"quality": "too little data"}}
    state = ScheduleState(monitor, Position(), found)

    shown = as_json(state)

    assert (shown["create_monitor"], shown["last_result"], "create_job" in shown) == (
        {"monitoring_target": {}}, found, False
    )  # fmt: skip
    assert "drift: psi of a is 0.51235, threshold 0.1" in schedule_text(state)
    assert "too little data" in schedule_text(state)


def test_a_copy_of_a_command_job_uses_what_was_stored_for_it() -> None:
    inputs = {"data": {"type": "uri_file", "path": "/home/me/iris.csv"}, "depth": 3}
    document = {"type": "command", "name": "first", "code": "/home/me/src", "inputs": inputs}
    found = copied(earlier(document, code=CODE["a"], inputs={"data": {"location": UPLOADED}}))

    assert (found["code"], "name" in found) == (CODE["a"], False)
    assert found["inputs"]["data"]["path"] == "azureml://blobs/LocalUpload/1/iris.csv"
    assert found["inputs"]["depth"] == 3


def test_a_copy_of_a_pipeline_uses_the_code_of_each_of_its_steps() -> None:
    inner = {"component": {"jobs": {"fit": {"component": {"code": "/home/me/b"}}}}}
    document = {"type": "pipeline", "jobs": {"prepare": {"code": "/home/me/a"}, "train": inner}}
    steps = [
        {"name": "prepare", "job": {"code": CODE["a"]}},
        {"name": "train.fit", "job": {"code": CODE["b"]}},
    ]
    found = copied(earlier(document, steps=steps))

    assert found["jobs"]["prepare"]["code"] == CODE["a"]
    assert found["jobs"]["train"]["component"]["jobs"]["fit"]["component"]["code"] == CODE["b"]


def test_a_copy_is_refused_if_the_record_does_not_say_what_was_stored() -> None:
    document = {"type": "command", "code": "/home/me/src", "inputs": {"data": {"path": "/home/me/iris.csv"}}}

    with pytest.raises(ScheduleError, match=r"job 'first' used '/home/me/iris.csv'.*Set create_job to the file"):
        copied(earlier(document, code=CODE["a"]))


def test_a_copy_is_refused_if_several_stored_files_have_the_name() -> None:
    inputs = {name: {"location": {**UPLOADED, "name": f"LocalUpload/{name}/iris.csv"}} for name in ("old", "new")}
    document = {"type": "command", "inputs": {"new": {"path": "/home/me/iris.csv"}}}

    with pytest.raises(ScheduleError, match="does not say what was stored"):
        copied(earlier(document, inputs=inputs))


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ({"expression": "0 6 * * *"}, "0 6 * * *"),
        ({"frequency": "hour", "interval": 4}, "every 4 hours"),
        (
            {"frequency": "week", "interval": 1, "schedule": {"hours": [6, 18], "minutes": 5, "week_days": ["monday"]}},
            "every week, monday at 06:05, 18:05",
        ),
        (
            {"frequency": "month", "interval": 1, "schedule": {"hours": 6, "minutes": 0, "month_days": [1]}},
            "every month, day 1 at 06:00",
        ),
    ],
    ids=["cron", "hours", "week", "month"],
)
def test_triggers_are_shown_in_a_few_words(trigger: dict[str, Any], text: str) -> None:
    assert trigger_text(trigger) == text


def test_the_next_time_follows_what_was_submitted_and_errors_are_below_the_table() -> None:
    fresh = ScheduleState(schedule(), Position())
    done = ScheduleState(schedule(), Position(armed=BEGIN, due=DUE.isoformat(), job="nightly-1", error="no compute"))

    before = ScheduleState(schedule(), Position(armed="2025-01-01T00:00:00+00:00", due="2099-01-01T00:00:00+00:00"))

    assert as_json(before)["next_time"] == "2026-01-01T06:00:00+00:00"
    assert as_json(fresh)["next_time"] == "2026-01-01T06:00:00+00:00"
    assert as_json(done)["next_time"] == "2026-01-02T06:00:00+00:00"
    assert schedule_table([done]).endswith("nightly: no compute")
