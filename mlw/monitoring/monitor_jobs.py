"""The job that a schedule with `create_monitor` submits; made when the schedule is created."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from infra.rules.schedules.schedule_errors import ScheduleError
from mlw.azure_files.monitor_files import KEY
from mlw.job_programs.model_monitor.monitor_settings import INPUT_TIME, Settings
from mlw.monitoring.monitor_documents import SETTINGS, TYPE
from mlw.monitoring.monitor_signals import OUT_OF_BOX, Signals, default_days

if TYPE_CHECKING:
    from mlw.jobs.job_options import Jobs

COMPUTE = "mlw.compute"
"""Property of a schedule: the compute of its monitor."""

_DEPLOYMENT = re.compile(r"([A-Za-z0-9][\w-]*):([A-Za-z0-9][\w-]*)")
_SIGNAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""It is also the name of files."""


def job_of(jobs: Jobs, document: Mapping[str, Any], doing: str, say: Callable[[str], None]) -> dict[str, Any]:
    """The document of the job.

    Args:
        jobs: The workspace.
        document: The schedule, normalised.
        doing: For messages.
        say: Gets notices.

    Raises:
        ScheduleError: It is not valid; the message has all of it.
        EndpointNotFoundError: There is no such deployment.
    """
    definition = document[KEY]
    target = target_of(definition, doing)
    made, notices = monitor_of(document, target, collections_of(jobs, *target) if target else {}, doing)
    for notice in notices:
        say(notice)
    return made


def target_of(definition: Mapping[str, Any], doing: str) -> tuple[str, str] | None:
    """Endpoint and deployment; None if the file names none.

    Raises:
        ScheduleError: It names something else.
    """
    given = str((definition.get("monitoring_target") or {}).get("endpoint_deployment_id") or "")
    match = _DEPLOYMENT.fullmatch(given.removeprefix("azureml:"))
    if given and match is None:
        raise ScheduleError(
            f"{doing}: {KEY}.monitoring_target.endpoint_deployment_id is '{given}'; allowed: "
            "azureml:ENDPOINT:DEPLOYMENT."
        )
    return (match[1], match[2]) if match else None


def collections_of(jobs: Jobs, endpoint: str, deployment: str) -> dict[str, str]:
    """Collections of a deployment that are enabled, each to its data asset.

    Raises:
        EndpointNotFoundError: There is no such deployment.
    """
    from mlw.jobs.shared_documents import SharedDocuments  # noqa: PLC0415 - only with a deployment
    from mlw.online_endpoints import data_collection  # noqa: PLC0415 - likewise
    from mlw.online_endpoints.endpoint_records import EndpointRecords  # noqa: PLC0415 - likewise

    records = EndpointRecords(SharedDocuments(jobs.workspace.connection, "onlineEndpoints"), jobs.workspace.artifacts)
    found = data_collection.of_document(records.deployment(endpoint, deployment).document)
    return {one.name: f"azureml:{one.asset}:{one.version}" for one in found.collections} if found else {}


def monitor_of(
    document: Mapping[str, Any], target: tuple[str, str] | None, collections: Mapping[str, str], doing: str
) -> tuple[dict[str, Any], list[str]]:
    """The document of the job, and notices on what differs from Azure.

    Raises:
        ScheduleError: It is not valid; the message has all of it.
    """
    definition, properties = document[KEY], document.get("properties") or {}
    compute = str(properties.get(COMPUTE) or "local")
    reading = Signals(collections, default_days(document["trigger"]))
    reading.notices.append(
        f"`{KEY}.compute` is ignored: the monitor is a job on compute '{compute}', with Evidently instead of Spark; "
        f"`properties: {{{COMPUTE}: NAME}}` of the schedule names another one."
    )
    signals = definition.get("monitoring_signals")
    if not signals:
        signals = OUT_OF_BOX
    read = tuple(reading.read(str(name), one) for name, one in signals.items())
    reading.problems.extend(
        f"signal '{one.name}': not a name; allowed: letters, digits, '-' and '_', at most 100."
        for one in read
        if not _SIGNAL.fullmatch(one.name)
    )
    if reading.problems:
        raise ScheduleError(f"{doing}: " + "\n  ".join(reading.problems))
    notification = definition.get("alert_notification")
    if isinstance(notification, Mapping) and notification.get("emails"):
        reading.notices.append(
            "`alert_notification.emails` is ignored: nothing here sends e-mail. Alerts are events in application "
            "insights."
        )
    settings = Settings(monitor=str(document["name"]), signals=read, target="/".join(target or ()))
    return {
        "type": TYPE,
        "compute": compute,
        "inputs": {INPUT_TIME: "${{creation_context.trigger_time}}", **reading.inputs},
        SETTINGS: asdict(settings),
    }, reading.notices
