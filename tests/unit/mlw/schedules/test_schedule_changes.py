"""Changes of schedules, and the watch in the foreground."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from infra.errors import MlWorkspaceError
from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.jobs.job_errors import JobError
from mlw.main import main
from mlw.schedules import instance_schedules, schedule_changes, schedule_creation, schedule_runs, scheduled_jobs
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule, ScheduleRecords
from tests.support.memory_documents import MemoryDocuments

BEGIN = "2026-01-01T00:00:00+00:00"
NOW = datetime(2026, 1, 5, 12, 30, 20, tzinfo=UTC)
DAILY = Schedule(
    name="daily",
    trigger={"type": "cron", "expression": "0 6 * * *"},
    create_job={"type": "command"},
    tags={"team": "red"},
    set_at=BEGIN,
    armed=BEGIN,
)


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> ScheduleRecords:
    found = ScheduleRecords(MemoryDocuments(), "azureml")
    found.create(DAILY)
    monkeypatch.setattr(Schedules, "records", found)
    monkeypatch.setattr(schedule_creation, "now", lambda: NOW)
    monkeypatch.setattr(instance_schedules, "follow_stack", lambda _: [])
    return found


@pytest.fixture
def schedules(records: ScheduleRecords) -> Schedules:
    return Schedules(stack_name="dev", principal="dora")


def changed(schedules: Schedules, *changes: str) -> Schedule:
    schedule_changes.update(schedules, "daily", None, changes, say=print)
    return schedules.records.read("daily")


def test_texts_and_tags_change_without_the_times(schedules: Schedules) -> None:
    found = changed(schedules, "tags.stage=5", "description=Every morning")

    assert (found.tags, found.description) == ({"team": "red", "stage": "5"}, "Every morning")
    assert (found.armed, found.set_at, found.changed_by) == (BEGIN, BEGIN, "dora")


def test_of_another_trigger_only_later_times_are_due(schedules: Schedules) -> None:
    found = changed(schedules, "trigger.expression=0 12 * * *")

    assert found.trigger == {"type": "cron", "expression": "0 12 * * *"}
    assert datetime.fromisoformat(found.armed) == NOW
    assert found.times.latest(datetime.fromisoformat(found.armed), NOW) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("create_job.command=ls", r"'create_job.command=ls' cannot be set; allowed: display_name=TEXT.*Use --file"),
        ("trigger=5", "'trigger=5' cannot be set"),
        ("trigger.expression=61 * * * *", "not a cron expression"),
    ],
    ids=["job", "whole", "wrong"],
)
def test_other_changes_are_refused(schedules: Schedules, change: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        changed(schedules, change)
    with pytest.raises(ScheduleError, match="nothing to change"):
        changed(schedules)
    assert schedules.records.read("daily") == DAILY


def test_enabling_begins_from_now_and_an_enabled_one_stays_as_it_is(schedules: Schedules) -> None:
    schedule_changes.set_enabled(schedules, "daily", is_enabled=True)
    assert schedules.records.read("daily") == DAILY
    schedule_changes.set_enabled(schedules, "daily", is_enabled=False)
    assert schedules.records.read("daily").armed == BEGIN
    schedule_changes.set_enabled(schedules, "daily", is_enabled=True)

    assert datetime.fromisoformat(schedules.records.read("daily").armed) == NOW


def test_a_timer_names_stack_and_principal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "run", "dev", "--principal", "dora", "--timer"]) == 0

    shown = capsys.readouterr().out
    assert 'bin/mlw" schedule run dev --principal dora\n' in shown
    assert "OnCalendar=minutely" in shown
    assert shown.splitlines()[-1].startswith("* * * * * cd ")


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("error", [ScheduleError("a name is taken"), JobError("the role does not include it")])
def test_jobs_do_not_wait_for_schedules_of_instances(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: MlWorkspaceError
) -> None:
    def refuse(_schedules: Schedules) -> list[Schedule]:
        raise error

    monkeypatch.setattr(instance_schedules, "follow_stack", refuse)
    monkeypatch.setattr(scheduled_jobs, "submit", lambda *_: "daily-1")

    assert main(["schedule", "run", "dev"]) == 1

    captured = capsys.readouterr()
    assert "Submitted: job 'daily-20260105T060000Z'" in captured.out
    assert f"mlw: {error}\n" in captured.err


@pytest.mark.usefixtures("records")
def test_a_watch_waits_for_the_next_time_and_outlives_a_failing_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: Iterator[object] = iter(["daily-1", MlWorkspaceError("no storage account"), KeyboardInterrupt()])
    times = iter([NOW, NOW, datetime(2026, 1, 6, 5, 59, 50, tzinfo=UTC)])
    waits: list[float] = []

    def submit(*_schedule: object) -> str:
        step = next(steps)
        if isinstance(step, BaseException):
            raise step
        return str(step)

    def look(schedules: Schedules) -> bool:
        submit()
        return True

    monkeypatch.setattr(schedule_creation, "now", lambda: next(times))
    monkeypatch.setattr(scheduled_jobs, "submit", submit)
    monkeypatch.setattr(schedule_runs, "threading", SimpleNamespace(Event=lambda: SimpleNamespace(wait=waits.append)))
    real = schedule_runs._run_once
    monkeypatch.setattr(schedule_runs, "_run_once", lambda schedules: real(schedules) if not waits else look(schedules))

    assert main(["schedule", "run", "dev", "--watch"]) == 130

    assert waits == [10.0, schedule_runs.LONGEST_SECONDS]
    captured = capsys.readouterr()
    assert "Submitted: job 'daily-20260105T060000Z' of schedule 'daily', due 2026-01-05 06:00:00 UTC" in captured.out
    assert "no storage account" in captured.err
