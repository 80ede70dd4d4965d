"""What a schedule does at one due time, with the rights of whoever runs the schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlw.schedules.due_jobs import job_name
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule

SCHEDULE, TRIGGER_TIME = "mlw.schedule", "mlw.trigger_time"
"""Properties of the job."""


def submit(schedules: Schedules, schedule: Schedule, due: datetime, say: Callable[[str], None]) -> str:
    """Submit its job, or start or stop its compute instance.

    Returns:
        The name of the job, or what was done.

    Raises:
        JobExistsError: It has been submitted.
        MlWorkspaceError: It cannot run here any more: e.g. its compute or its data was deleted.
    """
    if schedule.instance:
        from mlw.schedules import instance_schedules  # noqa: PLC0415 - only if something is due

        instance_schedules.carry_out(schedules, schedule)
        return f"{schedule.action} {schedule.instance}"
    from mlw.jobs import submitting  # noqa: PLC0415 - likewise

    def facts(_folder: Path) -> Mapping[str, str]:
        return {**schedule.facts, SCHEDULE: schedule.name, TRIGGER_TIME: _text(due)}

    document = document_for(schedule, due)
    if schedule.create_monitor:
        from mlw.monitoring import monitor_runs  # noqa: PLC0415 - likewise

        document = monitor_runs.without_empty(schedules.data, document)
    return submitting.submit_document(schedules, document, facts=facts, tell=say).name


def document_for(schedule: Schedule, due: datetime) -> dict[str, Any]:
    """The document of the job: its name and its display name say of which schedule it is, and when it was due."""
    name = job_name(schedule.name, due)
    values = {"${{name}}": name, "${{creation_context.trigger_time}}": _text(due)}
    found = dict(schedule.create_job)
    if isinstance(found.get("inputs"), Mapping):
        found["inputs"] = {key: _filled(value, values) for key, value in found["inputs"].items()}
    return {**found, "name": name, "display_name": name}


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _filled(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, str):
        for placeholder, text in values.items():
            value = value.replace(placeholder, text)
    return value
