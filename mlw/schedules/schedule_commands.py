"""`mlw schedule create`, `list`, `show`, `update`, `enable`, `disable`, `delete`, as in `az ml schedule`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import FILE, YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.schedules.schedule_options import NAME, Schedules, uses_schedules

_OPERATION = "Microsoft.MachineLearningServices/workspaces/schedules/{}"
_WRITTEN = Recorded(operation=_OPERATION.format("write"), below="/schedules/{name}")
_LISTED = 50


@command(
    examples=(
        "mlw schedule create dev --file schedule.yml",
        "mlw schedule create dev -f schedule.yml --name nightly --set trigger.expression='30 2 * * *'",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), details=("name",)),
)
@uses_schedules
@click.option("--file", "-f", "file", metavar="FILE", type=FILE, required=True, help="A schedule in Azure's YAML.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a field of the file; may be repeated."
)
@prints_data(Format.JSON)
def create(schedules: Schedules, file: Path, name: str | None, overrides: tuple[str, ...], output: Output) -> int:
    """Create a schedule: a job that is submitted at certain times.

    The job's code and local data are stored with the schedule, which needs none of the files later. Jobs are submitted
    by `mlw schedule run`; the command prints a line for cron that runs it every minute, and installs nothing.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.schedules import schedule_creation  # noqa: PLC0415 - likewise
    from mlw.schedules.schedule_timer import timer_of  # noqa: PLC0415 - likewise

    document = load("schedule", file, overrides, name)
    made = schedule_creation.schedule_of(schedules, document, now=schedule_creation.now(), say=_tell)
    schedules.records.create(made)
    _print(schedules, made.name, output)
    _tell("jobs are submitted by `mlw schedule run`, e.g. with this line for `crontab -e`:")
    print(timer_of(schedules.stack_name, schedules.principal).cron_line(), file=sys.stderr)
    return DONE


@command(
    examples=("mlw schedule list dev", "mlw schedule list dev --include-disabled -o json"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
    exclusive=[("disabled_only", "include_disabled")],
)
@uses_schedules
@click.option("--disabled-only", is_flag=True, help="List only disabled schedules.")
@click.option("--include-disabled", is_flag=True, help="List disabled schedules, too.")
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_schedules(
    schedules: Schedules, *, disabled_only: bool, include_disabled: bool, limit: int, output: Output
) -> int:
    """List the schedules of a workspace.

    With the next time of each, which is in the past if `mlw schedule run` has not run since, and the last job.
    `mlw schedule run --timer` prints a timer.
    """
    from mlw.schedules.instance_schedules import merged  # noqa: PLC0415 - as above
    from mlw.schedules.schedule_documents import ScheduleState, as_json, schedule_table  # noqa: PLC0415 - as above

    records = schedules.records
    wanted = {False} if disabled_only else {True, not include_disabled}
    known = merged(records.all(), schedules.stack.require_outputs().get("computes") or ())
    found = [one for one in known if one.is_enabled in wanted][:limit]
    states = [ScheduleState(one, records.position(one.name)[0]) for one in found]
    output.print([as_json(one) for one in states], lambda: schedule_table(states))
    note_more(len(states), limit)
    return DONE


@command(
    examples=("mlw schedule show dev --name nightly", "mlw schedule show dev -n nightly --query next_time -o tsv"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_schedules
@NAME
@prints_data(Format.TABLE, has_json_flag=True)
def show(schedules: Schedules, name: str, output: Output) -> int:
    """Show a schedule: its trigger, its next time, the last job, and why one could not be submitted.

    Of a monitor also what that job has found.
    """
    _print(schedules, name, output)
    return DONE


@command(
    examples=(
        "mlw schedule update dev --name nightly --set trigger.expression='0 4 * * *' --set tags.team=blue",
        "mlw schedule update dev --name nightly --file schedule.yml",
    ),
    exit_codes={DONE: "updated", FAILED: FAILURE},
    records=_WRITTEN,
    exclusive=[("file", "changes")],
)
@uses_schedules
@NAME
@click.option("--file", "-f", "file", metavar="FILE", type=FILE, help="A file that replaces trigger, job and texts.")
@click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True,
    help="display_name, description, tags.NAME or a key of trigger; may be repeated.",
)  # fmt: skip
@prints_data(Format.JSON)
def update(schedules: Schedules, name: str, file: Path | None, changes: tuple[str, ...], output: Output) -> int:
    """Change a schedule.

    After a change of the trigger only later times are due. Use --file to change the job.
    """
    from mlw.schedules import schedule_changes  # noqa: PLC0415 - a wrong command line does not need it

    schedule_changes.update(schedules, name, file, changes, say=_tell)
    _print(schedules, name, output)
    return DONE


@command(
    examples=("mlw schedule enable dev --name nightly",),
    exit_codes={DONE: "enabled", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_schedules
@NAME
def enable(schedules: Schedules, name: str) -> int:
    """Enable a schedule.

    Only later times are due: what was missed while it was disabled is not caught up.
    """
    from mlw.schedules import schedule_changes  # noqa: PLC0415 - as above

    schedule_changes.set_enabled(schedules, name, is_enabled=True)
    print(f"Enabled: schedule '{name}'.")
    return DONE


@command(
    examples=("mlw schedule disable dev --name nightly",),
    exit_codes={DONE: "disabled", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_schedules
@NAME
def disable(schedules: Schedules, name: str) -> int:
    """Disable a schedule.

    It submits no jobs until it is enabled. Jobs that it has submitted continue.
    """
    from mlw.schedules import schedule_changes  # noqa: PLC0415 - as above

    schedule_changes.set_enabled(schedules, name, is_enabled=False)
    print(f"Disabled: schedule '{name}'.")
    return DONE


@command(
    examples=("mlw schedule delete dev --name nightly", "mlw schedule delete dev -n nightly --yes"),
    exit_codes={DONE: "deleted", FAILED: f"nobody agreed, or it is enabled; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below="/schedules/{name}"),
)
@uses_schedules
@NAME
@YES
def delete(schedules: Schedules, name: str, *, yes: bool) -> int:
    """Delete a disabled schedule.

    Its jobs, their runs and outputs are kept.
    """
    from mlw.schedules import schedule_changes  # noqa: PLC0415 - as above

    schedule_changes.require_disabled(schedules.records.read(name))
    if not confirmed(f"Delete schedule '{name}'?", yes=yes):
        return FAILED
    schedules.records.delete(name)
    print(f"Deleted: schedule '{name}'.")
    return DONE


def _print(schedules: Schedules, name: str, output: Output) -> None:
    from mlw.schedules.instance_schedules import merged  # noqa: PLC0415 - as above
    from mlw.schedules.schedule_documents import ScheduleState, as_json, schedule_text  # noqa: PLC0415 - as above

    known = merged(schedules.records.all(), schedules.stack.require_outputs().get("computes") or ())
    found = next((one for one in known if one.name == name), None) or schedules.records.read(name)
    position = schedules.records.position(name)[0]
    result = None
    if found.create_monitor and position.job:
        from mlw.monitoring import monitor_runs  # noqa: PLC0415 - only for a monitor

        result = monitor_runs.result_of(schedules.workspace, position.job)
    state = ScheduleState(found, position, result)
    output.print(as_json(state), lambda: schedule_text(state))


def _tell(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
