"""Reads the activity log: the events of a time range that match every filter, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mlw.activity import event_log, run_recording
from mlw.activity.events import Event, in_rfc3339
from mlw.stacks.stacks import context_of

DEFAULT_EVENTS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """Which events are wanted; an empty value matches every event. Case does not matter.

    Attributes:
        start: The earliest time.
        end: The time before which they happened.
        correlation_id: Of one run.
        resource_id: A resource; matches what is below it too.
        operation: Name of an operation, or the beginning of one.
    """

    start: datetime | None = None
    end: datetime | None = None
    stack: str = ""
    caller: str = ""
    correlation_id: str = ""
    resource_group: str = ""
    resource_id: str = ""
    status: str = ""
    operation: str = ""

    def matches(self, event: Event) -> bool:
        """Whether an event is wanted."""
        moment = event["eventTimestamp"]
        if (self.start and moment < in_rfc3339(self.start)) or (self.end and moment >= in_rfc3339(self.end)):
            return False
        exact = {
            "stack": self.stack,
            "caller": self.caller,
            "correlationId": self.correlation_id,
            "resourceGroupName": self.resource_group,
            "status": self.status,
        }
        if any(wanted and str(event[key]).lower() != wanted.lower() for key, wanted in exact.items()):
            return False
        below, name = str(event["resourceId"]).lower(), self.resource_id.lower().rstrip("/")
        is_below = not name or below == name or below.startswith(f"{name}/")
        return is_below and str(event["operationName"]).lower().startswith(self.operation.lower())


def list_events(wanted: EventFilter, *, maximum: int | None = DEFAULT_EVENTS, collect: bool = True) -> list[Event]:
    """List events, the newest first.

    Args:
        wanted: The filter.
        maximum: How many at most; None for all.
        collect: Whether to add first what plain Pulumi has done in this backend.
    """
    if collect:
        run_recording.catch_up_all(context_of("-"))
    found = [(event["eventTimestamp"], number, event) for number, event in enumerate(_matching(wanted))]
    # Of events of the same time, the one that was recorded later comes first.
    found.sort(key=lambda entry: (entry[0], -entry[1]), reverse=True)
    return [event for _, _, event in found[:maximum]]


def _matching(wanted: EventFilter) -> list[Event]:
    return [event for event in event_log.read_events() if wanted.matches(event)]
