"""Changes of a schedule that exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.azure_files import overrides
from mlw.azure_files.loading import load
from mlw.schedules import schedule_creation
from mlw.schedules.instance_schedules import refuse_instance
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule

_TEXTS, _MAPPINGS = ("display_name", "description"), ("tags", "trigger")


def update(
    schedules: Schedules, name: str, file: Path | None, changes: Sequence[str], *, say: Callable[[str], None]
) -> None:
    """Change a schedule by a file, or by `--set`.

    Raises:
        ScheduleError: There is no such schedule, or the change is not valid.
        AzureFileError: Azure would refuse the file.
    """
    now = schedule_creation.now()
    refuse_instance(schedules.records.read(name), "updating")
    if file is not None:
        made = schedule_creation.schedule_of(schedules, load("schedule", file, (), name), now=now, say=say)
        schedules.records.change(name, lambda before: schedule_creation.replaced(before, made, now))
        return
    at, user = now.isoformat(timespec="seconds"), schedules.user
    schedules.records.change(
        name, lambda before: replace(before, **_changed(before, changes), changed=at, changed_by=user)
    )


def set_enabled(schedules: Schedules, name: str, *, is_enabled: bool) -> None:
    """Enable or disable a schedule; one that is enabled already stays as it is.

    Raises:
        ScheduleError: There is no such schedule.
    """
    refuse_instance(schedules.records.read(name), "enabling" if is_enabled else "disabling")
    now = schedule_creation.now().isoformat()

    def change(before: Schedule) -> Schedule:
        if before.is_enabled and is_enabled:
            return before
        armed = now if is_enabled else before.armed
        return replace(before, is_enabled=is_enabled, armed=armed, changed=now, changed_by=schedules.user)

    schedules.records.change(name, change)


def require_disabled(schedule: Schedule) -> None:
    """Reject the deletion of an enabled schedule, as Azure does: what is deleted cannot be restored.

    Raises:
        ScheduleError: It is enabled, or in the stack file.
    """
    refuse_instance(schedule, "deleting")
    if schedule.is_enabled:
        raise ScheduleError(
            f"deleting schedule '{schedule.name}': it is enabled. Disable it first: `mlw schedule disable STACK --name "
            f"{schedule.name}`."
        )


def _changed(schedule: Schedule, changes: Sequence[str]) -> dict[str, Any]:
    """The fields that change, with their new values."""
    doing = f"updating schedule '{schedule.name}'"
    for one in changes:
        key, _, below = one.partition("=")[0].partition(".")
        if (key not in _TEXTS or below) and (key not in _MAPPINGS or not below):
            raise ScheduleError(
                f"{doing}: '{one}' cannot be set; allowed: {', '.join(f'{key}=TEXT' for key in _TEXTS)}, "
                "tags.NAME=TEXT, trigger.KEY=VALUE. Use --file for everything else."
            )
    if not changes:
        raise ScheduleError(f"{doing}: nothing to change. Use --set or --file.")
    document: dict[str, Any] = {key: getattr(schedule, key) for key in _TEXTS}
    document |= {key: dict(getattr(schedule, key)) for key in _MAPPINGS}
    overrides.apply(document, changes, doing)
    trigger = document.pop("trigger")
    document["tags"] = {key: str(value) for key, value in document["tags"].items()}
    if trigger == schedule.trigger:
        return document
    now = schedule_creation.now()
    return document | schedule_creation.armed_at(trigger, now, doing) | {"armed": now.isoformat()}
