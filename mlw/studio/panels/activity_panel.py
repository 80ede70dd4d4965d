"""Activity: who created, changed and deleted what, from the activity log of this home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.activity.events import Status
from mlw.activity.queries import EventFilter, list_events
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.stack_access import refuse_principals

MAXIMUM_EVENTS = 200
FILTERS = ("caller", "status", "operation")


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read the events of the stack."""
    refuse_principals(request.access, "reading the activity log")
    used, given = request.time_range, {name: request.text(name) for name in FILTERS}
    wanted = EventFilter(start=used.start, end=used.end, stack=request.access.stack.name, **given)
    found = list_events(wanted, maximum=MAXIMUM_EVENTS + 1)
    return {
        "events": found[:MAXIMUM_EVENTS],
        "has_more": len(found) > MAXIMUM_EVENTS,
        "given": given,
        "statuses": list(Status),
        "failed": Status.FAILED,
    }


PANEL = Panel(
    key="activity",
    title="Activity",
    about="Who created, changed and deleted what. `mlw activity verify` checks that no record was changed.",
    group=Group.OPERATION,
    icon="clock",
    template="activity.html",
    load=load,
    has_range=True,
)
