"""Schedules that start and stop a compute instance: `schedules.computeStartStop`, as in ARM.

Triggers are read in the words of Azure's YAML, which schedules of jobs have; this module knows both forms.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from infra.rules.policy.rule import StackRule
from infra.rules.schedules.schedule_errors import ScheduleError
from infra.rules.schedules.triggers import CRON, RECURRENCE, trigger_of
from infra.rules.violation import Violation, one_of

KEY, LIST, YAML_LIST = "schedules", "computeStartStop", "compute_start_stop"
ACTIONS, STATUSES, TRIGGERS = ("Start", "Stop"), ("Enabled", "Disabled"), ("Cron", "Recurrence")

SCHEDULE = StackRule(
    "compute-require-valid-schedule", "Schedules of a compute instance have an action, a status and a valid trigger."
)
EXAMPLE = "{action: Stop, triggerType: Cron, cron: {expression: 0 18 * * 1-5, timeZone: W. Europe Standard Time}}"

_NAMES = {
    "start_time": "startTime",
    "end_time": "endTime",
    "time_zone": "timeZone",
    "week_days": "weekDays",
    "month_days": "monthDays",
}
_ARM = {yaml: arm for yaml, arm in _NAMES.items() if yaml != "end_time"}
_OF_TRIGGER = {
    CRON: ("expression", "startTime", "timeZone"),
    RECURRENCE: ("frequency", "interval", "schedule", "startTime", "timeZone"),
}
_OF_PATTERN = ("hours", "minutes", "weekDays", "monthDays")
_DOING = "reading"
_Entry = Mapping[str, Any]


def check_schedules(schedules: object) -> Iterator[Violation]:
    """Violations in the schedules of one compute.

    Args:
        schedules: The value of `schedules`; None if there is none.
    """
    if schedules is None:
        return
    entries = schedules.get(LIST) if isinstance(schedules, Mapping) else None
    if not isinstance(entries, list) or not isinstance(schedules, Mapping) or len(schedules) > 1:
        yield _violation(
            KEY, schedules, f"it has to be a mapping with the list '{LIST}' alone", f"{LIST}: [...]", _fix(KEY)
        )
        return
    for index, entry in enumerate(entries):
        place = f"{KEY}.{LIST}[{index}]"
        if isinstance(entry, Mapping):
            yield from _check_entry(place, entry)
        else:
            yield _violation(place, entry, "not a mapping", EXAMPLE, _fix(place))


def triggers_of(schedules: object) -> list[tuple[str, bool, dict[str, Any]]]:
    """Action, whether it is enabled, and the trigger in the words of Azure's YAML, of valid schedules."""
    entries: list[_Entry] = schedules.get(LIST, []) if isinstance(schedules, Mapping) else []
    return [
        (str(one["action"]).lower(), str(one.get("status", STATUSES[0])).lower() == "enabled", _trigger(one))
        for one in entries
    ]


def to_arm(given: object) -> object:
    """`schedules` of Azure's YAML in the words of ARM; what is not understood stays, for the rule to reject."""
    entries = given.get(YAML_LIST) if isinstance(given, Mapping) else None
    if not isinstance(entries, list):
        return given
    return {LIST: [_entry_to_arm(one) if isinstance(one, Mapping) else one for one in entries]}


def to_yaml(schedules: object) -> dict[str, Any]:
    """The contrary of :func:`to_arm`."""
    return {
        YAML_LIST: [
            {"action": action, "state": "enabled" if is_enabled else "disabled", "trigger": trigger}
            for action, is_enabled, trigger in triggers_of(schedules)
        ]
    }


def _check_entry(place: str, entry: _Entry) -> Iterator[Violation]:
    for key, allowed, default in (("action", ACTIONS, None), ("status", STATUSES, STATUSES[0])):
        value = entry.get(key, default)
        if str(value).lower() not in {one.lower() for one in allowed}:
            found = "missing" if value is None else "unknown value"
            yield _violation(f"{place}.{key}", value, found, one_of(allowed), f"set it to e.g. '{allowed[-1]}'")
    type_ = str(entry.get("triggerType", "")).lower()
    if type_ not in _OF_TRIGGER:
        found = "missing" if "triggerType" not in entry else "unknown value"
        key = f"{place}.triggerType"
        yield _violation(key, entry.get("triggerType"), found, one_of(TRIGGERS), f"write e.g. {EXAMPLE}")
        return
    yield from _unknown(place, entry, ("action", "status", "triggerType", type_))
    trigger = entry.get(type_)
    if not isinstance(trigger, Mapping):
        yield _violation(f"{place}.{type_}", trigger, f"triggerType is '{type_}'", EXAMPLE, _fix(place))
        return
    wrong = [*_unknown(f"{place}.{type_}", trigger, _OF_TRIGGER[type_])]
    pattern = trigger.get("schedule")
    if isinstance(pattern, Mapping):
        wrong += _unknown(f"{place}.{type_}.schedule", pattern, _OF_PATTERN)
    yield from wrong or _check_trigger(f"{place}.{type_}", type_, entry)


def _check_trigger(place: str, type_: str, entry: _Entry) -> Iterator[Violation]:
    try:
        trigger_of(_trigger(entry), dt.datetime.now(dt.UTC), _DOING)
    except ScheduleError as exc:
        found = str(exc).removeprefix(f"{_DOING}: ").replace("trigger.", f"{type_}.")
        for yaml, arm in _NAMES.items():
            found = found.replace(yaml, arm)
        yield _violation(place, dict(entry[type_]), found.rstrip("."), "see docs/schedules.md", _fix(place))
    except (TypeError, ValueError, KeyError, AttributeError):
        yield _violation(place, dict(entry[type_]), "not a valid trigger", "see docs/schedules.md", _fix(place))


def _unknown(place: str, given: _Entry, known: tuple[str, ...]) -> Iterator[Violation]:
    for key in given:
        if key not in known:
            yield _violation(f"{place}.{key}", given[key], "unknown key", one_of(known), f"remove '{key}'")


def _trigger(entry: _Entry) -> dict[str, Any]:
    type_ = str(entry["triggerType"]).lower()
    given: _Entry = entry[type_]
    yaml = {arm: name for name, arm in _NAMES.items()}
    found = {yaml.get(key, key): value for key, value in given.items()}
    if isinstance(found.get("schedule"), Mapping):
        found["schedule"] = {yaml.get(key, key): value for key, value in found["schedule"].items()}
    return {"type": type_, **found}


def _entry_to_arm(entry: _Entry) -> dict[str, Any]:
    trigger = entry.get("trigger")
    found = {key: _title(entry[name]) for key, name in (("action", "action"), ("status", "state")) if name in entry}
    if not isinstance(trigger, Mapping):
        return found
    type_ = str(trigger.get("type", "")).lower()
    rest = {_ARM.get(key, key): _plain(value) for key, value in trigger.items() if key != "type" and value is not None}
    if isinstance(pattern := rest.get("schedule"), Mapping):
        rest["schedule"] = {_ARM.get(key, key): value for key, value in pattern.items() if value is not None}
    return {**found, "triggerType": _title(type_), type_: rest}


def _title(value: object) -> str:
    return str(value).capitalize()


def _plain(value: object) -> object:
    """YAML reads times as such."""
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _fix(place: str) -> str:
    return f"write e.g. {EXAMPLE} in '{KEY}.{LIST}', or remove '{place}'"


def _violation(key: str, value: object, found: str, allowed: str, fix: str) -> Violation:
    return Violation(rule=SCHEDULE, key=key, value=value, found=found, allowed=allowed, fix=fix)
