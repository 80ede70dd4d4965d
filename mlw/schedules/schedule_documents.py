"""Schedules as commands print them: Azure's names, and tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlw.output import table
from mlw.schedules.due_jobs import after_of
from mlw.schedules.schedule_records import Position, Schedule
from mlw.tracking.tracking_text import cell, moment

_HEADINGS = ("NAME", "TRIGGER", "TIME ZONE", "ENABLED", "NEXT (UTC)", "LAST (UTC)", "LAST JOB")


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """A schedule with what it has done.

    Attributes:
        found: What the last job of a monitor has found; None for any other schedule, and while it runs.
    """

    schedule: Schedule
    position: Position
    found: Mapping[str, Any] | None = None

    @property
    def following(self) -> datetime | None:
        """When its next job is due, which may be in the past; None if none is, or if it is disabled."""
        if not self.schedule.is_enabled:
            return None
        return self.schedule.times.following(after_of(self.schedule, self.position))


def as_json(state: ScheduleState) -> dict[str, Any]:
    """One schedule."""
    schedule, position = state.schedule, state.position
    following = state.following
    return {
        "name": schedule.name,
        "display_name": schedule.display_name,
        "description": schedule.description,
        "tags": dict(schedule.tags),
        "properties": dict(schedule.properties),
        "is_enabled": schedule.is_enabled,
        "provisioning_state": "Succeeded",
        "trigger": dict(schedule.trigger),
        "next_time": following.isoformat() if following else None,
        "last_time": position.due or None,
        "last_job": position.job or None,
        "error": position.error or None,
        "creation_context": {
            "created_at": schedule.created,
            "created_by": schedule.created_by,
            "last_modified_at": schedule.changed or schedule.created,
            "last_modified_by": schedule.changed_by or schedule.created_by,
        },
        **_action(state),
    }


def _action(state: ScheduleState) -> dict[str, Any]:
    """What is done when it is due."""
    schedule = state.schedule
    if schedule.instance:
        return {"action": schedule.action, "compute": schedule.instance}
    if schedule.create_monitor:
        return {"create_monitor": dict(schedule.create_monitor), "last_result": state.found}
    return {"create_job": dict(schedule.create_job)}


def schedule_table(states: Sequence[ScheduleState]) -> str:
    """Schedules as a table."""
    rows = [
        (
            one.schedule.name, trigger_text(one.schedule.trigger), str(one.schedule.trigger.get("time_zone") or "UTC"),
            "yes" if one.schedule.is_enabled else "no", moment(one.following), moment(_time(one.position.due)),
            cell(one.position.job),
        )
        for one in states
    ]  # fmt: skip
    errors = [f"{one.schedule.name}: {one.position.error}" for one in states if one.position.error]
    return "\n\n".join([table(_HEADINGS, rows, whole=(0, 6)), *errors])


def schedule_text(state: ScheduleState) -> str:
    """One schedule for people."""
    data = as_json(state)
    rows = [(key, cell(str(value))) for key, value in data.items() if isinstance(value, str | bool) and key != "error"]
    rows += [(f"trigger.{key}", cell(str(value))) for key, value in data["trigger"].items()]
    rows += [(f"tags.{key}", cell(value)) for key, value in data["tags"].items()]
    if state.found:
        rows.append(("last_result.status", str(state.found["status"])))
        rows += [(f"last_result.{name}", cell(why)) for name, why in state.found["skipped"].items()]
        rows += [("last_result.alert", cell(_alert_text(one))) for one in state.found["alerts"]]
    error = f"\n\n{state.position.error}" if state.position.error else ""
    return f"{table(('KEY', 'VALUE'), rows)}{error}"


def _alert_text(alert: Mapping[str, Any]) -> str:
    return "{signal}: {metric} of {feature} is {value:.5g}, threshold {threshold:g}".format(**alert)


def trigger_text(trigger: Mapping[str, Any]) -> str:
    """A trigger in a few words."""
    if trigger.get("expression"):
        return str(trigger["expression"])
    interval, frequency = trigger["interval"], str(trigger["frequency"]).lower()
    every = f"every {frequency}" if interval == 1 else f"every {interval} {frequency}s"
    pattern = trigger.get("schedule") or {}
    if not pattern:
        return every
    days = _list(pattern.get("week_days")) + [f"day {one}" for one in _list(pattern.get("month_days"))]
    clock = [
        f"{int(hour):02}:{int(minute):02}" for hour in _list(pattern["hours"]) for minute in _list(pattern["minutes"])
    ]
    return f"{every}{', ' if days else ''}{', '.join(days)} at {', '.join(clock)}"


def _list(value: object) -> list[str]:
    return [] if value is None else [str(one) for one in (value if isinstance(value, list) else [value])]


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
