"""`mlw schedule run` and `mlw schedule trigger`: submit the jobs of schedules."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import click

from infra.errors import MlWorkspaceError
from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, PROGRAM, command
from mlw.schedules.schedule_options import NAME, Schedules, uses_schedules

if TYPE_CHECKING:
    from datetime import datetime

    from mlw.schedules.schedule_records import Schedule

LONGEST_SECONDS, SHORTEST_SECONDS = 30.0, 0.5
"""How long a watch waits: new schedules and changes of the clock are noticed after the first."""


@command(
    examples=("mlw schedule run dev", "mlw schedule run dev --watch", "mlw schedule run dev --timer"),
    exit_codes={
        DONE: "what was due is submitted, or nothing was; or the timer is printed",
        FAILED: f"a job could not be submitted; or it {FAILURE}",
        INTERRUPTED: "with --watch: stopped with Ctrl-C",
    },
    exclusive=[("watch", "timer")],
)
@uses_schedules
@click.option("--watch", is_flag=True, help="Continue until interrupted.")
@click.option("--timer", is_flag=True, help="Print a systemd timer and a line for cron; installs nothing.")
def run(schedules: Schedules, *, watch: bool, timer: bool) -> int:
    """Submit the jobs of all schedules that are due.

    Also starts and stops compute instances with `schedules` in the stack file. For a timer. However many times of a
    schedule were missed, one job is submitted, for the last of them. Two runs at one time submit a job once. A job that
    cannot be submitted is tried again by the next run. All is done with the rights of the caller, or of --principal,
    not with those of the creator of the schedule.
    """
    if timer:
        from mlw.schedules.schedule_timer import timer_of  # noqa: PLC0415 - only then

        print(timer_of(schedules.stack_name, schedules.principal).render())
        return DONE
    if not watch:
        return DONE if _run_once(schedules) else FAILED
    print("Submitting due jobs. Ctrl-C ends.", file=sys.stderr)
    pause = threading.Event()
    while True:
        try:
            _run_once(schedules)
            seconds = _seconds_to_next(schedules)
        except MlWorkspaceError as exc:
            # A service does not respond: the next look may succeed.
            print(f"{PROGRAM}: {exc}", file=sys.stderr)
            seconds = LONGEST_SECONDS
        pause.wait(seconds)


@command(
    examples=("mlw schedule trigger dev --name nightly",),
    exit_codes={DONE: "submitted", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.MachineLearningServices/workspaces/schedules/write", below="/schedules/{name}"
    ),
)
@uses_schedules
@NAME
def trigger(schedules: Schedules, name: str) -> int:
    """Submit the job of a schedule now.

    Also of a disabled one. Its times stay as they are. Prints the name of the job.
    """
    from mlw.schedules import schedule_creation, scheduled_jobs  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.schedules.instance_schedules import follow_stack  # noqa: PLC0415 - likewise

    follow_stack(schedules)
    print(scheduled_jobs.submit(schedules, schedules.records.read(name), schedule_creation.now(), _tell))
    return DONE


def _run_once(schedules: Schedules) -> bool:
    """Submit what is due; whether all of it could be."""
    from mlw.jobs.job_errors import JobError  # noqa: PLC0415 - as above
    from mlw.schedules import schedule_creation, scheduled_jobs  # noqa: PLC0415 - as above
    from mlw.schedules.due_jobs import submit_due  # noqa: PLC0415 - as above
    from mlw.schedules.instance_schedules import follow_stack  # noqa: PLC0415 - as above

    done = True
    try:
        follow_stack(schedules)
    except (JobError, ScheduleError) as exc:
        # A name is taken, or a right is missing. Schedules of jobs do not wait for it.
        _tell(str(exc))
        done = False

    def submit(schedule: Schedule, due: datetime) -> str:
        return scheduled_jobs.submit(schedules, schedule, due, _tell)

    for outcome in submit_due(schedules.records, submit, schedule_creation.now):
        if outcome.error:
            done = False
            _tell(f"schedule '{outcome.schedule}', due {_text(outcome.due)}: {outcome.error}")
        elif outcome.action:
            print(f"Done: {outcome.action}, schedule '{outcome.schedule}', due {_text(outcome.due)}", flush=True)
        else:
            print(
                f"Submitted: job '{outcome.job}' of schedule '{outcome.schedule}', due {_text(outcome.due)}", flush=True
            )
    return done


def _seconds_to_next(schedules: Schedules) -> float:
    from mlw.schedules import schedule_creation  # noqa: PLC0415 - as above

    now = schedule_creation.now()
    following = [one.times.following(now) for one in schedules.records.all() if one.is_enabled]
    nearest = min(((one - now).total_seconds() for one in following if one), default=LONGEST_SECONDS)
    return min(max(nearest, SHORTEST_SECONDS), LONGEST_SECONDS)


def _text(due: datetime) -> str:
    return f"{due:%Y-%m-%d %H:%M:%S} UTC"


def _tell(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
