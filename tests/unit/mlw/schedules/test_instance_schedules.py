"""Schedules that start and stop compute instances."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlw.computes import compute_options, instance_power
from mlw.schedules import schedule_changes, scheduled_jobs
from mlw.schedules.due_jobs import submit_due
from mlw.schedules.instance_schedules import InstanceSchedules, write
from mlw.schedules.schedule_documents import ScheduleState, as_json
from mlw.schedules.schedule_errors import ScheduleError
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Position, Schedule, ScheduleRecords
from tests.support.memory_documents import MemoryDocuments

NOW = datetime(2026, 1, 5, 12, 30, 20, tzinfo=UTC)
MORNING: dict[str, Any] = {"action": "start", "trigger": {"type": "cron", "expression": "0 8 * * *"}}
EVENING: dict[str, Any] = {"action": "Stop", "trigger": {"type": "cron", "expression": "0 18 * * *"}}


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


def read(*entries: Mapping[str, Any], now: datetime = NOW, notices: list[str] | None = None) -> list[Schedule]:
    given = {"compute_start_stop": list(entries)}
    return InstanceSchedules("dev", "ana", "ci").read(given, now, (notices if notices is not None else []).append)


def test_each_entry_is_a_schedule_for_later_times() -> None:
    notices: list[str] = []
    monthly = {"type": "cron", "expression": "0 8 1 * *"}

    start, stop = read({**MORNING, "trigger": monthly}, {**EVENING, "state": "disabled"}, notices=notices)

    assert (start.name, start.instance, start.action, start.is_enabled) == ("ci-start-0", "ci", "start", True)
    assert (stop.name, stop.action, stop.is_enabled, stop.created_by) == ("ci-stop-1", "stop", False, "ana")
    assert datetime.fromisoformat(start.armed) == NOW
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "'schedules' has no list 'compute_start_stop'. Write `schedules: {compute_start_stop: [{action: stop"),
        ({"compute_start_stop": "x"}, "'schedules' has no list"),
        (
            {"compute_start_stop": [{**MORNING, "action": "pause"}]},
            "entry 0 .* action is 'pause'; allowed: start,",
        ),
        ({"compute_start_stop": [{**MORNING, "state": "off"}]}, "state is 'off'; allowed: enabled, disabled"),
        ({"compute_start_stop": [MORNING, {"action": "stop"}]}, "entry 1 .* 'trigger' is missing"),
        ({"compute_start_stop": [{**MORNING, "trigger": {"type": "x"}}]}, "trigger.type is 'x'; allowed: cron"),
    ],
)
def test_what_is_wrong_is_told(given: object, message: str) -> None:
    pattern = message.replace("{", r"\{").replace("[", r"\[") if message.startswith("'") else message

    with pytest.raises(ScheduleError, match=pattern):
        InstanceSchedules("dev", None, "ci").read(given, NOW, print)


def test_schedules_replace_those_of_the_instance_and_no_others(records: ScheduleRecords) -> None:
    other = Schedule(name="nightly", trigger=MORNING["trigger"], create_job={"type": "command"})
    records.create(other)
    write(records, "ci", read(MORNING, EVENING))
    records.move("ci-start-0", Position(due="2026-01-05T08:00:00+00:00"), revision="")
    later = NOW + timedelta(days=1)

    write(records, "ci", read(MORNING, now=later))

    assert records.names() == ["ci-start-0", "nightly"]
    kept = records.read("ci-start-0")
    assert (kept.armed, kept.changed) == (NOW.isoformat(), "")
    assert records.position("ci-start-0")[0].due

    write(records, "ci", read({**EVENING, "action": "start"}, now=later))

    changed = records.read("ci-start-0")
    assert (changed.trigger, changed.armed) == (EVENING["trigger"], later.isoformat())
    assert (changed.created, changed.changed) == (
        NOW.isoformat(timespec="seconds"),
        later.isoformat(timespec="seconds"),
    )

    write(records, "ci", [])

    assert records.all() == [other]


def test_a_schedule_of_jobs_is_never_replaced(records: ScheduleRecords) -> None:
    records.create(Schedule(name="ci-start-0", trigger=MORNING["trigger"], create_job={"type": "command"}))

    with pytest.raises(ScheduleError, match="there is a schedule of this name"):
        write(records, "ci", read(MORNING))


def test_missed_times_are_caught_up_in_their_order(records: ScheduleRecords, acts: list[str]) -> None:
    write(records, "ci", read(EVENING, MORNING))
    schedules, evening = Schedules(stack_name="dev", principal="ana"), NOW + timedelta(days=3, hours=8)

    outcomes = list(
        submit_due(records, lambda one, due: scheduled_jobs.submit(schedules, one, due, print), lambda: evening)
    )

    assert [(one.action, one.job, one.error) for one in outcomes] == [("start 'ci'", "", ""), ("stop 'ci'", "", "")]
    operation = "Microsoft.MachineLearningServices/workspaces/computes"
    assert acts == [f"ana {operation}/start", "start dev ci", f"ana {operation}/stop", "stop dev ci"]
    assert list(submit_due(records, lambda *_: 1 / 0, lambda: evening)) == []


def test_a_schedule_of_an_instance_gets_no_job(records: ScheduleRecords) -> None:
    write(records, "ci", read(MORNING))
    schedules = Schedules(stack_name="dev", principal="ana")

    with pytest.raises(ScheduleError, match="it starts or stops compute instance 'ci', and a file has a job"):
        schedule_changes.update(schedules, "ci-start-0", file=__file__, changes=(), say=print)  # type: ignore[arg-type]

    found = as_json(ScheduleState(records.read("ci-start-0"), Position()))
    assert (found["action"], found["compute"], "create_job" in found) == ("start", "ci", False)
