"""Schedules that start and stop compute instances: `schedules.computeStartStop` in the stack file.

The stack file is the only place that says so; the stack's outputs have it once it is deployed. Each entry is a schedule
like those of jobs, named `<instance>-start-0` and so on, so that `mlw schedule run` carries it out. Its record has what
the stack file has not: from when on it counts, and what it has done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from infra.rules.computes.instance_rules import INSTANCE
from infra.rules.computes.start_stop_schedules import KEY, LIST, triggers_of
from infra.rules.roles.role_operations import COMPUTES_START, COMPUTES_STOP
from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.triggers import notices
from mlw.schedules import schedule_creation
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule, ScheduleRecords
from mlw.schedules.schedule_timer import timer_of

START, STOP = "start", "stop"


def declared(computes: Sequence[Mapping[str, Any]], now: datetime) -> list[Schedule]:
    """The schedules of all instances in a stack's output `computes`, as if they were new.

    Args:
        computes: The output.
        now: The time; earlier times are not due.
    """
    return [
        _schedule(str(compute["name"]), number, one, now)
        for compute in computes
        if compute["type"] == INSTANCE
        for number, one in enumerate(triggers_of(compute.get(KEY)))
    ]


def follow(records: ScheduleRecords, wanted: Sequence[Schedule]) -> None:
    """Make the records those of the stack file; one that stays as it is keeps what it has done.

    Raises:
        ScheduleError: Schedules of jobs have some of the names; all others are followed.
    """
    known = {one.name: one for one in records.all() if one.instance}
    for name in known.keys() - {one.name for one in wanted}:
        records.delete(name)
    taken = []
    for one in wanted:
        before = known.get(one.name)
        if before is None:
            taken += [] if _created(records, one) else [one]
        elif not _is_same(before, one):
            changed = replace(one, changed=one.created, changed_by=one.created_by)
            made = replace(changed, created=before.created, created_by=before.created_by)
            records.change(one.name, partial(_replaced, made))
    if taken:
        names = ", ".join(f"'{one.name}' of compute instance '{one.instance}'" for one in taken)
        raise ScheduleError(
            f"following '{KEY}.{LIST}' of the stack file: a schedule of jobs has the name of schedule {names}. Delete "
            "it: `mlw schedule disable` and `mlw schedule delete`; its job can have a schedule of another name."
        )


def merged(stored: Sequence[Schedule], computes: Sequence[Mapping[str, Any]]) -> list[Schedule]:
    """All schedules, for those who only read: records of jobs, and the stack file's, whether or not followed yet.

    Args:
        stored: All records.
        computes: The stack's output.
    """
    known = {one.name: one for one in stored if one.instance}
    wanted = declared(computes, schedule_creation.now())
    valid = [known[one.name] if one.name in known and _is_same(known[one.name], one) else one for one in wanted]
    return sorted([*(one for one in stored if not one.instance), *valid], key=lambda one: one.name)


def follow_stack(schedules: Schedules) -> list[Schedule]:
    """Make the records those of the stack as it is deployed now; returns what the stack says."""
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - a wrong command line does not need it

    # Not the stack that was read when the command began: a watch runs for days.
    computes = open_stack(schedules.stack_name).require_outputs().get("computes") or ()
    wanted = [replace(one, created_by=schedules.user) for one in declared(computes, schedule_creation.now())]
    follow(schedules.records, wanted)
    return wanted


def follow_and_tell(stack: str, principal: str | None, say: Callable[[str], None]) -> None:
    """As :func:`follow_stack`, after an update; say what carries schedules out, and what differs from Azure."""
    wanted = follow_stack(Schedules(stack_name=stack, principal=principal))
    if not wanted:
        return
    for notice in dict.fromkeys(notice for one in wanted for notice in notices(one.trigger)):
        say(notice)
    say("the instance is started and stopped by `mlw schedule run`, e.g. with this line for `crontab -e`:")
    say(timer_of(stack, principal).cron_line())


def refuse_instance(schedule: Schedule, doing: str) -> None:
    """Reject a change of a record whose schedule is in the stack file.

    Raises:
        ScheduleError: It is.
    """
    if schedule.instance:
        raise ScheduleError(
            f"{doing} schedule '{schedule.name}': it is in the stack file. Change '{KEY}.{LIST}' of compute instance "
            f"'{schedule.instance}' there, e.g. `status: Disabled`, and deploy it; or use `mlw compute create STACK "
            "--file FILE`."
        )


def carry_out(schedules: Schedules, schedule: Schedule) -> None:
    """Start or stop the instance of a schedule; one that runs, or is stopped, is left alone.

    Raises:
        MlWorkspaceError: It cannot be done, or the principal may not.
    """
    from mlw.computes import instance_power  # noqa: PLC0415 - only if something is due
    from mlw.computes.compute_options import require  # noqa: PLC0415 - likewise

    operation, act = {START: (COMPUTES_START, instance_power.start), STOP: (COMPUTES_STOP, instance_power.stop)}[
        schedule.action
    ]
    doing = f"carrying out schedule '{schedule.name}' of compute instance '{schedule.instance}'"
    require(schedules.stack_name, schedules.principal, operation, doing)
    act(schedules.stack_name, schedule.instance)


def _created(records: ScheduleRecords, one: Schedule) -> bool:
    """Whether the record is there; another run may have made it at this moment."""
    try:
        records.create(one)
    except ScheduleError:
        return bool(records.read(one.name).instance)
    return True


def _is_same(one: Schedule, other: Schedule) -> bool:
    return (one.trigger, one.is_enabled, one.instance) == (other.trigger, other.is_enabled, other.instance)


def _replaced(made: Schedule, _before: Schedule) -> Schedule:
    return made


def _schedule(instance: str, number: int, given: tuple[str, bool, dict[str, Any]], now: datetime) -> Schedule:
    action, is_enabled, trigger = given
    name = f"{instance}-{action}-{number}"
    fields = schedule_creation.armed_at(trigger, now, f"reading schedule '{name}'")
    return Schedule(
        name=name,
        create_job={},
        instance=instance,
        action=action,
        display_name=f"{action} {instance}",
        is_enabled=is_enabled,
        created=now.isoformat(timespec="seconds"),
        # Nobody expects that an instance stops when its schedule is written.
        **(fields | {"armed": now.isoformat()}),
    )
