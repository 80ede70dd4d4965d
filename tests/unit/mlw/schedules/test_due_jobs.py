"""What `mlw schedule run` submits: what is due, once, whatever was missed and whoever else runs."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import MlWorkspaceError
from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.jobs.job_records import JobExistsError
from mlw.schedules.due_jobs import TAKEN_SECONDS, Outcome, submit_due
from mlw.schedules.schedule_records import Schedule, ScheduleRecords
from tests.support.memory_documents import MemoryDocuments

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY = Schedule(
    name="hourly",
    trigger={"type": "cron", "expression": "0 * * * *", "start_time": "2026-01-01T00:00:00"},
    create_job={"type": "command"},
    set_at=BEGIN.isoformat(),
    armed=BEGIN.isoformat(),
)


class Jobs:
    """Stands in for the jobs of a workspace."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.error = ""
        self.during: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def submit(self, schedule: Schedule, due: datetime) -> None:
        self.during()
        if self.error:
            raise MlWorkspaceError(self.error)
        name = f"{schedule.name}-{due:%dT%H%M}"
        with self._lock:
            if name in self.names:
                raise JobExistsError(name)
            self.names.append(name)


@pytest.fixture
def records() -> ScheduleRecords:
    found = ScheduleRecords(MemoryDocuments(), "azureml")
    found.create(HOURLY)
    return found


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def run(records: ScheduleRecords, jobs: Jobs, now: datetime) -> list[Outcome]:
    return list(submit_due(records, jobs.submit, lambda: now))


def test_what_is_due_is_submitted_once(records: ScheduleRecords, jobs: Jobs) -> None:
    assert run(records, jobs, at(0.5)) == []
    assert [one.job for one in run(records, jobs, at(1))] == ["hourly-20260101T010000Z"]
    assert run(records, jobs, at(1.5)) == []
    assert jobs.names == ["hourly-01T0100"]


def test_missed_times_are_caught_up_by_one_job_for_the_last_of_them(records: ScheduleRecords, jobs: Jobs) -> None:
    run(records, jobs, at(50.5))
    run(records, jobs, at(50.6))

    assert jobs.names == ["hourly-03T0200"]


def test_a_clock_that_is_set_back_submits_nothing_twice(records: ScheduleRecords, jobs: Jobs) -> None:
    for hours in (1, 2, 1, 1.5, 2, 3):
        run(records, jobs, at(hours))

    assert jobs.names == ["hourly-01T0100", "hourly-01T0200", "hourly-01T0300"]


def test_disabled_schedules_submit_nothing_and_do_not_catch_up(records: ScheduleRecords, jobs: Jobs) -> None:
    records.change("hourly", lambda one: replace(one, is_enabled=False))
    assert run(records, jobs, at(5)) == []
    records.change("hourly", lambda one: replace(one, is_enabled=True, armed=at(5.5).isoformat()))
    assert run(records, jobs, at(5.6)) == []
    run(records, jobs, at(6))

    assert jobs.names == ["hourly-01T0600"]


def test_enabling_forgets_a_position_in_the_future(records: ScheduleRecords, jobs: Jobs) -> None:
    run(records, jobs, at(24 * 365))  # the clock was wrong
    run(records, jobs, at(1))
    assert len(jobs.names) == 1
    records.change("hourly", lambda one: replace(one, armed=at(1.5).isoformat()))
    run(records, jobs, at(2))

    assert jobs.names[1:] == ["hourly-01T0200"]


def test_a_job_that_cannot_be_submitted_is_noted_and_tried_again(records: ScheduleRecords, jobs: Jobs) -> None:
    jobs.error = "no compute 'gpu'"
    (failed,) = run(records, jobs, at(1))
    assert (failed.job, failed.error) == ("", "no compute 'gpu'")
    assert records.position("hourly")[0].error == "no compute 'gpu'"
    jobs.error = ""
    run(records, jobs, at(1.1))

    assert jobs.names == ["hourly-01T0100"]
    assert records.position("hourly")[0].error == ""


def test_many_runs_at_one_time_submit_a_job_once(records: ScheduleRecords, jobs: Jobs) -> None:
    barrier = threading.Barrier(8)

    def race() -> None:
        barrier.wait()
        run(records, jobs, at(1))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert jobs.names == ["hourly-01T0100"]
    assert records.position("hourly")[0].job == "hourly-20260101T010000Z"


def test_a_job_that_another_run_is_submitting_is_left_to_it(records: ScheduleRecords, jobs: Jobs) -> None:
    others: list[list[Outcome]] = []
    jobs.during = lambda: others.append(list(submit_due(records, Jobs().submit, lambda: at(1.001))))
    run(records, jobs, at(1))

    assert (others, jobs.names) == ([[]], ["hourly-01T0100"])


def test_a_due_time_that_another_run_has_just_taken_is_left_to_it(
    records: ScheduleRecords, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "move", lambda *_position, **_revision: False)

    assert (run(records, jobs, at(1)), jobs.names) == ([], [])


@pytest.mark.parametrize("was_submitted", [True, False], ids=["after", "before"])
def test_a_run_that_was_killed_while_it_submitted_loses_nothing(
    records: ScheduleRecords, jobs: Jobs, *, was_submitted: bool
) -> None:
    def kill(schedule: Schedule, due: datetime) -> None:
        if was_submitted:
            jobs.submit(schedule, due)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(submit_due(records, kill, lambda: at(1)))
    assert run(records, jobs, at(1.001)) == []
    run(records, jobs, at(1) + timedelta(seconds=TAKEN_SECONDS))

    position = records.position("hourly")[0]
    assert jobs.names == ["hourly-01T0100"]
    assert (position.taken, position.job, position.error) == ("", "hourly-20260101T010000Z", "")


def test_a_name_is_taken_once_and_a_missing_one_is_named(records: ScheduleRecords) -> None:
    with pytest.raises(ScheduleError, match="creating schedule 'hourly': the name is taken"):
        records.create(HOURLY)
    with pytest.raises(ScheduleError, match=r"'hourli': no such schedule.*hourly"):
        records.read("hourli")


def test_a_deleted_schedule_leaves_nothing(records: ScheduleRecords, jobs: Jobs) -> None:
    run(records, jobs, at(1))
    records.delete("hourly")

    assert (records.names(), records.position("hourly")[1]) == ([], "")
