"""Availability: results of the tests that probe the stack's own services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio import formats
from mlw.studio.drawings import sparkline, values_of
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import Section, section


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read the tests and their results over time."""
    tests, over_time = section(request, "availability"), section(request, "availability-over-time")
    bins = request.time_range.bins()
    tiles = [
        {
            "title": row["name"],
            "figure": formats.percent(row["availability"]),
            "about": f"{formats.number(row['failed'])} of {formats.number(row['count'])} runs failed",
            "is_bad": bool(row["failed"]),
            "spark": sparkline(values_of(_of(over_time, row["name"]), bins, "average")),
        }
        for row in tests.records
    ]
    return {"tests": tests, "tiles": tiles, "over_time": over_time}


def _of(over_time: Section, test: str) -> list[Mapping[str, Any]]:
    return [row for row in over_time.records if row["name"] == test]


PANEL = Panel(
    key="availability",
    title="Availability",
    about="Every service of the stack is probed once a minute from inside its network.",
    group=Group.INSIGHTS,
    icon="check",
    template="availability.html",
    load=load,
    has_range=True,
)
