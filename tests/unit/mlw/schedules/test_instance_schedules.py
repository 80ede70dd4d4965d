"""Schedules that start and stop compute instances."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.computes import compute_options, instance_power
from mlw.schedules import schedule_changes, scheduled_jobs
from mlw.schedules.due_jobs import submit_due
from mlw.schedules.instance_schedules import declared, follow, follow_and_tell, merged
from mlw.schedules.schedule_documents import ScheduleState, as_json
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Position, Schedule, ScheduleRecords
from mlw.stacks import stacks
from tests.support.memory_documents import MemoryDocuments

NOW = datetime(2026, 1, 5, 12, 30, 20, tzinfo=UTC)
MORNING: dict[str, Any] = {"action": "Start", "triggerType": "Cron", "cron": {"expression": "0 8 * * *"}}
EVENING: dict[str, Any] = {"action": "Stop", "triggerType": "Cron", "cron": {"expression": "0 18 * * *"}}
TRIGGER = {"type": "cron", "expression": "0 18 * * *"}


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> ScheduleRecords:
    found = ScheduleRecords(MemoryDocuments(), "azureml")
    monkeypatch.setattr(Schedules, "records", found)
    return found


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done with instances, and which operations of principals were checked."""
    done: list[str] = []
    monkeypatch.setattr(instance_power, "start", lambda stack, name: done.append(f"start {stack} {name}"))
    monkeypatch.setattr(instance_power, "stop", lambda stack, name: done.append(f"stop {stack} {name}"))
    checked = lambda _stack, principal, operation, _doing: done.append(f"{principal} {operation.rpartition('/')[0]}")  # noqa: E731
    monkeypatch.setattr(compute_options, "require", checked)
    return done


def read(*entries: Mapping[str, Any], now: datetime = NOW, instance: str = "ci") -> list[Schedule]:
    """Schedules of a stack with one instance and a cluster."""
    schedules = {"computeStartStop": list(entries)}
    computes: list[dict[str, Any]] = [
        {"name": instance, "type": "ComputeInstance", "schedules": schedules},
        {"name": "x", "type": "local"},
    ]
    return declared(computes, now)


def test_each_entry_is_a_schedule_for_later_times() -> None:
    start, stop = read(MORNING, {**EVENING, "status": "disabled"})

    assert (start.name, start.instance, start.action, start.is_enabled) == ("ci-start-0", "ci", "start", True)
    assert (stop.name, stop.action, stop.is_enabled) == ("ci-stop-1", "stop", False)
    assert start.trigger == {"type": "cron", "expression": "0 8 * * *"}
    assert datetime.fromisoformat(start.armed) == NOW


def test_who_only_reads_sees_the_stack_file_before_it_is_followed(records: ScheduleRecords) -> None:
    job = Schedule(name="a-job", trigger={}, create_job={"type": "command"})
    records.create(job)
    follow(records, read(MORNING, EVENING, now=NOW - timedelta(days=1)))
    computes = [{"name": "ci", "type": "ComputeInstance", "schedules": {"computeStartStop": [MORNING]}}]

    seen = merged(records.all(), computes)

    assert [one.name for one in seen] == ["a-job", "ci-start-0"]
    assert datetime.fromisoformat(seen[1].armed) == NOW - timedelta(days=1), "what is recorded stays"


def test_schedules_replace_those_of_the_instance_and_no_others(records: ScheduleRecords) -> None:
    other = Schedule(name="nightly", trigger=TRIGGER, create_job={"type": "command"})
    records.create(other)
    follow(records, read(MORNING, EVENING))
    records.move("ci-start-0", Position(due="2026-01-05T08:00:00+00:00"), revision="")
    later = NOW + timedelta(days=1)

    follow(records, read(MORNING, now=later))

    assert records.names() == ["ci-start-0", "nightly"]
    kept = records.read("ci-start-0")
    assert (kept.armed, kept.changed) == (NOW.isoformat(), "")
    assert records.position("ci-start-0")[0].due

    follow(records, read({**EVENING, "action": "Start"}, now=later))

    changed = records.read("ci-start-0")
    assert (changed.trigger, changed.armed) == (TRIGGER, later.isoformat())
    assert (changed.created, changed.changed) == (
        NOW.isoformat(timespec="seconds"),
        later.isoformat(timespec="seconds"),
    )

    follow(records, [])

    assert records.all() == [other]


def test_a_schedule_of_jobs_is_never_replaced(records: ScheduleRecords) -> None:
    records.create(Schedule(name="ci-start-0", trigger=TRIGGER, create_job={"type": "command"}))

    with pytest.raises(ScheduleError, match="jobs has the name of schedule 'ci-start-0' of compute instance 'ci'"):
        follow(records, read(MORNING, EVENING))

    assert [(one.name, one.instance) for one in records.all()] == [("ci-start-0", ""), ("ci-stop-1", "ci")]


def test_two_runs_at_one_time_follow_the_stack_once(records: ScheduleRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(records, read(MORNING))
    with monkeypatch.context() as other_began_before:
        other_began_before.setattr(records, "all", list)
        follow(records, read(MORNING, now=NOW + timedelta(seconds=1)))

    assert datetime.fromisoformat(records.read("ci-start-0").armed) == NOW


def test_after_an_update_the_timer_and_what_azure_does_otherwise_are_told(
    records: ScheduleRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_of_month = {**EVENING, "cron": {"expression": "0 18 1 * *"}}
    computes = [{"name": "ci", "type": "ComputeInstance", "schedules": {"computeStartStop": [first_of_month] * 2}}]
    outputs = {"computes": computes}
    monkeypatch.setattr(stacks, "open_stack", lambda _: SimpleNamespace(require_outputs=lambda: outputs))
    said: list[str] = []

    follow_and_tell("dev", "ana", said.append)

    assert records.names() == ["ci-stop-0", "ci-stop-1"]
    assert records.read("ci-stop-0").created_by == "ana"
    azure, _, timer = said
    assert "Azure ignores these two fields" in azure
    assert "schedule run dev --principal ana" in timer
    outputs["computes"] = []
    follow_and_tell("dev", "ana", said.append)
    assert (records.names(), len(said)) == ([], 3)


def test_missed_times_are_caught_up_in_their_order(records: ScheduleRecords, acts: list[str]) -> None:
    follow(records, read(EVENING, MORNING))
    schedules, evening = Schedules(stack_name="dev", principal="ana"), NOW + timedelta(days=3, hours=8)

    outcomes = list(
        submit_due(records, lambda one, due: scheduled_jobs.submit(schedules, one, due, print), lambda: evening)
    )

    assert [(one.action, one.job, one.error) for one in outcomes] == [("start 'ci'", "", ""), ("stop 'ci'", "", "")]
    operation = "Microsoft.MachineLearningServices/workspaces/computes"
    assert acts == [f"ana {operation}/start", "start dev ci", f"ana {operation}/stop", "stop dev ci"]
    assert list(submit_due(records, lambda *_: 1 / 0, lambda: evening)) == []


def test_a_schedule_of_an_instance_is_changed_in_the_stack_file(records: ScheduleRecords) -> None:
    follow(records, read(MORNING))
    schedules = Schedules(stack_name="dev", principal="ana")

    with pytest.raises(ScheduleError, match="updating schedule 'ci-start-0': it is in the stack file"):
        schedule_changes.update(schedules, "ci-start-0", file=__file__, changes=(), say=print)  # type: ignore[arg-type]
    with pytest.raises(ScheduleError, match="disabling schedule 'ci-start-0': it is in the stack file"):
        schedule_changes.set_enabled(schedules, "ci-start-0", is_enabled=False)
    with pytest.raises(ScheduleError, match="deleting schedule 'ci-start-0': it is in the stack file"):
        schedule_changes.require_disabled(records.read("ci-start-0"))

    found = as_json(ScheduleState(records.read("ci-start-0"), Position()))
    assert (found["action"], found["compute"], "create_job" in found) == ("start", "ci", False)
