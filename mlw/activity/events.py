"""Events in the form of Azure's activity log.

Field names are Azure's; names of operations are those of Azure's resource providers where Azure has the operation, and
are made in the same way where it has not. An event never contains the value of a secret.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

CORRELATION_VARIABLE = "MLW_CORRELATION_ID"
"""Set by a pipeline to find all events of its runs; by default each run has its own."""

Event = dict[str, Any]

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_GROUP = re.compile(r"/resourceGroups/([^/]+)", re.IGNORECASE)
_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Status(StrEnum):
    """Status of an event."""

    STARTED = "Started"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


_LEVELS: Mapping[Status, str] = {
    Status.STARTED: "Informational",
    Status.SUCCEEDED: "Informational",
    Status.FAILED: "Error",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One command or one update: what its events have in common.

    Attributes:
        id: Unique; Azure calls it `operationId`.
        correlation_id: The same for all runs of one command or pipeline.
        caller: User and machine.
        stack: The stack that it works on.
        started: When it began.
    """

    id: str
    correlation_id: str
    caller: str
    stack: str
    started: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What happened to one resource.

    Attributes:
        name: e.g. `Microsoft.Storage/storageAccounts/write`.
        resource_id: The resource, or what it would be called.
        properties: More about it; no secrets.
        key: What tells it from others of its run with the same name; by default the resource.
    """

    name: str
    resource_id: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


def new_run(stack: str) -> Run:
    """Begin a run of this process."""
    return Run(id=new_id(), correlation_id=correlation_id(), caller=caller(), stack=stack, started=datetime.now(UTC))


def new_id() -> str:
    """A random id in the form of a GUID."""
    return _as_guid(secrets.token_hex(16))


def derived_id(key: str) -> str:
    """An id that is always the same for a key."""
    return _as_guid(hashlib.sha256(key.encode()).hexdigest()[:32])


def _as_guid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def correlation_id() -> str:
    """The correlation id of this process; a malformed one in the environment is not used."""
    given = os.environ.get(CORRELATION_VARIABLE, "")
    return given if _CORRELATION.fullmatch(given) else _own_correlation_id()


@lru_cache
def _own_correlation_id() -> str:
    return new_id()


def caller() -> str:
    """The operating system's user of this process and the machine; not a proof of who sat in front of it."""
    return user_of(os.getuid())


@lru_cache
def user_of(uid: int) -> str:
    """A user and this machine."""
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid{uid}"
    return f"{user}@{socket.gethostname()}"


def event(run: Run, operation: Operation, status: Status, *, at: datetime) -> Event:
    """Describe one event.

    Args:
        run: The run that it belongs to.
        operation: What happened.
        status: How far it got.
        at: When.
    """
    name, resource_id = operation.name, operation.resource_id
    resource_type = name.removesuffix("/action").rpartition("/")[0]
    subscription, group = _SUBSCRIPTION.search(resource_id), _GROUP.search(resource_id)
    return {
        "eventTimestamp": in_rfc3339(at),
        "caller": run.caller,
        "correlationId": run.correlation_id,
        "operationId": run.id,
        "eventDataId": _event_id(run, operation, status),
        "operationName": name,
        "category": "Administrative",
        "status": str(status),
        "level": _LEVELS[status],
        "resourceId": resource_id,
        "resourceType": resource_type,
        "resourceProviderName": name.partition("/")[0],
        "resourceGroupName": group[1] if group else "",
        "subscriptionId": subscription[1] if subscription else "",
        "stack": run.stack,
        "properties": dict(operation.properties),
    }


def in_rfc3339(moment: datetime) -> str:
    """A time in UTC, with microseconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _event_id(run: Run, operation: Operation, status: Status) -> str:
    """Derived from the event, so that a run that is collected twice is recorded once."""
    return derived_id("\n".join((run.id, operation.name, operation.key or operation.resource_id, status)))
