"""From a schedule's file to its record: what the job refers to is stored, so that the record is enough to submit it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.rules.schedules import triggers
from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.azure_files.monitor_files import KEY
from mlw.azure_files.normalising import merged
from mlw.component_files.file_storing import FileStoring
from mlw.data.data_locations import DataLocation, DataType
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.submission import experiment_of
from mlw.monitoring import monitor_jobs
from mlw.schedules import job_references
from mlw.schedules.schedule_options import Schedules
from mlw.schedules.schedule_records import Schedule
from mlw.tracking.git_facts import git_facts

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,237}")
"""The name of a job has the due time in addition."""

_CHANGED = frozenset({"trigger", "create_job", "create_monitor", "display_name", "description", "tags", "properties"})


def schedule_of(
    schedules: Schedules, document: Mapping[str, Any], *, now: datetime, say: Callable[[str], None]
) -> Schedule:
    """Make the record of a file.

    Args:
        schedules: The workspace.
        document: The file, as :func:`mlw.azure_files.loading.load` gives it.
        now: The time.
        say: Gets what is being done, and notices.

    Raises:
        ScheduleError: It is not valid.
        ComponentError: Its job refers to files that cannot be stored with it.
    """
    name = str(document.get("name") or "")
    doing = f"reading schedule '{name}'"
    if not _NAME.fullmatch(name):
        raise ScheduleError(
            f"{doing}: not a name of a schedule; allowed: letters, digits, '-' and '_', at most 238, beginning with a "
            "letter or digit. Change `name`, or use --name."
        )
    monitor = document.get(KEY)
    for key in ("trigger", KEY if monitor is not None else "create_job"):
        if not isinstance(document.get(key), Mapping):
            raise ScheduleError(f"{doing}: '{key}' is missing.")
    trigger = armed_at(document["trigger"], now, doing)
    for notice in triggers.notices(document["trigger"]):
        say(notice)
    given = monitor_jobs.job_of(schedules, document, doing, say) if monitor else document["create_job"]
    job, facts = _stored_job(schedules, given, doing, say)
    return Schedule(
        name=name,
        create_job=job,
        create_monitor=monitor or {},
        facts=facts,
        display_name=str(document.get("display_name") or name),
        description=str(document.get("description") or ""),
        tags=_texts(document.get("tags")),
        properties=_texts(document.get("properties")),
        created=now.isoformat(timespec="seconds"),
        created_by=schedules.user,
        **trigger,
    )


def armed_at(trigger: Mapping[str, Any], now: datetime, doing: str) -> dict[str, Any]:
    """The fields of a record for a new trigger.

    Raises:
        ScheduleError: The trigger is not valid.
    """
    begun = now.replace(microsecond=0)
    found = triggers.trigger_of(trigger, begun, doing)
    # The first time of a trigger without a start is now, and is due.
    armed = begun - timedelta(seconds=1) if found.first else now
    return {"trigger": dict(trigger), "set_at": begun.isoformat(), "armed": armed.isoformat()}


def replaced(before: Schedule, made: Schedule, now: datetime) -> Schedule:
    """A schedule with the content of another file; times before now are not due."""
    fields = {key: getattr(made, key) for key in (*_CHANGED, "facts", "set_at")}
    return replace(before, **fields, armed=now.isoformat(), changed=made.created, changed_by=made.created_by)


def _stored_job(
    schedules: Schedules, given: Mapping[str, Any], doing: str, say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The document of the job, and facts of git on its code."""
    data = DataWorkspace.of(schedules.stack, schedules.principal)

    def uri_of(container: str, name: str) -> str:
        store = data.datastore_of(container)
        return DataLocation(type=DataType.FILE, datastore=store, container=container, name=name, is_folder=False).uri

    job = dict(given)
    if reference := job.pop("job", None):
        earlier = schedules.workspace.records.read(str(reference)).record
        job = merged(job_references.document_of(earlier, uri_of, doing), job)
        facts = {key: value for key, value in earlier.properties.items() if "git" in key}
    else:
        code = job.get("code")
        facts = git_facts(Path(code) if isinstance(code, str) and Path(code).exists() else Path())
    job.setdefault("experiment_name", experiment_of(Path()))
    job.pop("name", None)
    return FileStoring(data, doing, say, is_file_code=True).complete(job), dict(facts)


def _texts(values: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, Mapping) else {}


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)
