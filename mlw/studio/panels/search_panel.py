"""Search over requests, dependencies, exceptions and logs; and one operation as a waterfall."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlw.studio.drawings import TIMELINE_WIDTH, timeline
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import section

TRACE_ROWS = 1000
TYPES = ("request", "dependency", "exception", "trace")


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Search, or read the operation that the address names."""
    if operation_id := request.text("operation_id"):
        found = section(request, "trace", {"operation_id": operation_id}, rows=TRACE_ROWS)
        bars = [{"bar": bar, "dimensions": _dimensions(bar.record)} for bar in timeline(found.records)]
        return {"operation_id": operation_id, "trace": found, "bars": bars, "width": TIMELINE_WIDTH}
    given = {name: request.text(name) for name in ("text", "item_type", "service", "success")}
    filters = {name: value for name, value in given.items() if value and name != "success"}
    success = {"yes": True, "no": False}.get(given["success"])
    found = section(request, "search", {**filters, "success": success})
    return {"operation_id": "", "found": found, "given": given, "types": TYPES}


def _dimensions(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Attributes of an item, sorted by name; text that is not JSON is one value."""
    raw = record.get("customDimensions")
    try:
        found = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        found = {"customDimensions": raw}
    return sorted((str(name), str(value)) for name, value in found.items()) if isinstance(found, dict) else []


PANEL = Panel(
    key="search",
    title="Search",
    about="Requests, dependencies, exceptions and logs, the newest first. An operation id opens the whole trace.",
    group=Group.INSIGHTS,
    icon="search",
    template="search.html",
    load=load,
    has_range=True,
)
