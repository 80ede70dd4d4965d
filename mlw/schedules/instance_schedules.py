"""Schedules that start and stop a compute instance: `schedules.compute_start_stop` of its file.

They are schedules like those of jobs, named `<instance>-start-0` and so on: `mlw schedule run` carries them out, and
`mlw schedule list`, `disable` and `delete` know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from infra.rules.roles.role_operations import COMPUTES_START, COMPUTES_STOP
from mlw.schedules import schedule_creation, triggers
from mlw.schedules.schedule_errors import ScheduleError
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule, ScheduleRecords
from mlw.schedules.schedule_timer import timer_of

KEY = "schedules"
START, STOP = "start", "stop"
_ENTRIES = "compute_start_stop"
_STATES = {"enabled": True, "disabled": False}


@dataclass(frozen=True, slots=True)
class InstanceSchedules:
    """The schedules of one compute instance.

    Attributes:
        stack: Name of the stack.
        principal: With whose rights they are changed; None for those of the stack.
        instance: Name of the instance.
    """

    stack: str
    principal: str | None
    instance: str

    def read(self, given: object, now: datetime, say: Callable[[str], None]) -> list[Schedule]:
        """Read the value of `schedules` in a file.

        Args:
            given: The value.
            now: The time; earlier times are not due.
            say: Gets notices.

        Raises:
            ScheduleError: It is not valid.
        """
        entries = given.get(_ENTRIES) if isinstance(given, Mapping) else None
        if not isinstance(entries, list):
            raise ScheduleError(
                f"reading the schedules of compute instance '{self.instance}': '{KEY}' has no list '{_ENTRIES}'. Write "
                f"`{KEY}: {{{_ENTRIES}: [{{action: stop, trigger: {{type: cron, expression: '0 18 * * *'}}}}]}}`."
            )
        user = self._rights.user
        made = [_schedule(self.instance, number, one, now) for number, one in enumerate(entries)]
        for one in made:
            for notice in triggers.notices(one.trigger):
                say(notice)
        return [replace(one, created_by=user) for one in made]

    def write(self, wanted: Sequence[Schedule], say: Callable[[str], None]) -> None:
        """Replace those that the instance has, and say what carries them out.

        Raises:
            ScheduleError: A schedule of something else has one of the names.
        """
        write(self._rights.records, self.instance, wanted)
        if wanted:
            say("the instance is started and stopped by `mlw schedule run`, e.g. with this line for `crontab -e`:")
            say(timer_of(self.stack, self.principal).cron_line())

    @property
    def _rights(self) -> Schedules:
        return Schedules(stack_name=self.stack, principal=self.principal)


def write(records: ScheduleRecords, instance: str, wanted: Sequence[Schedule]) -> None:
    """Replace the schedules of an instance; one that stays as it is keeps what it has done.

    Raises:
        ScheduleError: A schedule of something else has one of the names.
    """
    known = {one.name: one for one in records.all() if one.instance == instance}
    for name in known.keys() - {one.name for one in wanted}:
        records.delete(name)
    for one in wanted:
        before = known.get(one.name)
        if before is None:
            records.create(one)
        elif (before.trigger, before.is_enabled) != (one.trigger, one.is_enabled):
            changed = replace(one, changed=one.created, changed_by=one.created_by)
            made = replace(changed, created=before.created, created_by=before.created_by)
            records.change(one.name, partial(_replaced, made))


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


def _replaced(made: Schedule, _before: Schedule) -> Schedule:
    return made


def _schedule(instance: str, number: int, given: object, now: datetime) -> Schedule:
    entry: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    doing = f"reading entry {number} of {KEY}.{_ENTRIES} of compute instance '{instance}'"
    action, state = str(entry.get("action") or "").lower(), str(entry.get("state") or "enabled").lower()
    if action not in {START, STOP}:
        raise ScheduleError(f"{doing}: action is '{entry.get('action', '')}'; allowed: {START}, {STOP}.")
    if state not in _STATES:
        raise ScheduleError(f"{doing}: state is '{entry['state']}'; allowed: {', '.join(_STATES)}.")
    trigger = entry.get("trigger")
    if not isinstance(trigger, Mapping):
        raise ScheduleError(f"{doing}: 'trigger' is missing. Write e.g. {{type: cron, expression: '0 18 * * *'}}.")
    fields = schedule_creation.armed_at(trigger, now, doing)
    return Schedule(
        name=f"{instance}-{action}-{number}",
        create_job={},
        instance=instance,
        action=action,
        display_name=f"{action} {instance}",
        is_enabled=_STATES[state],
        created=now.isoformat(timespec="seconds"),
        # Nobody expects that an instance stops when its schedule is written.
        **(fields | {"armed": now.isoformat()}),
    )
