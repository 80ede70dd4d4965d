"""Submits what is due: for each schedule at most one job, however many times were missed, the earlier time first.

Before a job is submitted its due time is taken, by a conditional write of the schedule's position, and its name is
made of the schedule and the due time. So two runs at one time submit it once, and one that is killed in between loses
nothing: after a minute another one takes the time over, and a job that exists already is not submitted again. To start
or stop a compute instance twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from infra.errors import MlWorkspaceError
from mlw.jobs.job_records import JobExistsError
from mlw.schedules.schedule_records import Position, Schedule, ScheduleRecords

TAKEN_SECONDS = 60.0
"""After this, a job that was being submitted is submitted by others; submitting one takes seconds."""

Submit = Callable[[Schedule, datetime], object]
"""Submits the job of a schedule for a due time, with the name :func:`job_name`; or starts or stops its instance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a due schedule.

    Attributes:
        job: The job that was submitted; empty if it was not, or if the schedule is one of a compute instance.
        action: What was done with which instance; empty for a job.
        error: Why not.
    """

    schedule: str
    due: datetime
    job: str = ""
    action: str = ""
    error: str = ""


def job_name(schedule: str, due: datetime) -> str:
    """Name of a job, as Azure displays it."""
    return f"{schedule}-{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def after_of(schedule: Schedule, position: Position) -> datetime:
    """Later times are due."""
    armed = datetime.fromisoformat(schedule.armed)
    if position.armed != schedule.armed or not position.due:
        return armed
    return max(armed, datetime.fromisoformat(position.due))


def submit_due(records: ScheduleRecords, submit: Submit, now: Callable[[], datetime]) -> Iterator[Outcome]:
    """Submit what is due now, of every enabled schedule."""
    enabled = [one for one in records.all() if one.is_enabled]
    due = [(moment, one) for one in enabled if (moment := _due(one, records.position(one.name)[0], now()))]
    for _, schedule in sorted(due, key=lambda found: found[0]):
        if outcome := _submit_one(records, schedule, submit, now()):
            yield outcome


def _due(schedule: Schedule, position: Position, now: datetime) -> datetime | None:
    return schedule.times.latest(after_of(schedule, position), now)


def _submit_one(records: ScheduleRecords, schedule: Schedule, submit: Submit, now: datetime) -> Outcome | None:
    found, revision = records.position(schedule.name)
    position = found if found.armed == schedule.armed else Position(armed=schedule.armed)
    due = _due(schedule, position, now)
    if due is None or _is_taken(position, now):
        return None
    taken = replace(position, taken=due.isoformat(), taken_at=now.isoformat())
    if not records.move(schedule.name, taken, revision=revision):
        return None
    outcome = _submitted(schedule, due, submit)
    error = {"error": outcome.error} if outcome.error else {"due": due.isoformat(), "job": outcome.job, "error": ""}
    latest, revision = records.position(schedule.name)
    if latest == taken:  # otherwise somebody else went on, e.g. while this machine was suspended
        records.move(schedule.name, replace(taken, taken="", taken_at="", **error), revision=revision)
    return outcome


def _submitted(schedule: Schedule, due: datetime, submit: Submit) -> Outcome:
    name = job_name(schedule.name, due)
    try:
        submit(schedule, due)
    except JobExistsError:
        pass  # by a run that did not get to note it
    except MlWorkspaceError as exc:
        return Outcome(schedule=schedule.name, due=due, error=str(exc))
    if schedule.instance:
        return Outcome(schedule=schedule.name, due=due, action=f"{schedule.action} '{schedule.instance}'")
    return Outcome(schedule=schedule.name, due=due, job=name)


def _is_taken(position: Position, now: datetime) -> bool:
    if not position.taken:
        return False
    age = now - datetime.fromisoformat(position.taken_at)
    return timedelta() <= age < timedelta(seconds=TAKEN_SECONDS)
