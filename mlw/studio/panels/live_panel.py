"""Live: the last minute, and the ten before, read again every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mlw.insights.time_ranges import TimeRange
from mlw.studio.drawings import chart
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.panels.performance_panel import DURATIONS, RATES, tiles
from mlw.studio.report_sections import section

NOW, BEFORE = timedelta(minutes=1), timedelta(minutes=10)


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read both ranges."""
    recent = TimeRange(request.now - BEFORE, request.now)
    over_time = section(request, "requests-over-time", time_range=recent)
    return {
        "paused": bool(request.text("paused")),
        "live": section(request, "live", time_range=TimeRange(request.now - NOW, request.now)),
        "over_time": over_time,
        "tiles": tiles(over_time.records, recent),
        "charts": [
            ("Rate", "Requests per minute, and failed requests", chart(over_time.records, recent, RATES)),
            ("Durations", "p50, p95 and p99 of the durations of requests", chart(over_time.records, recent, DURATIONS)),
        ],
    }


PANEL = Panel(
    key="live",
    title="Live",
    about="The last ten minutes, read again every three seconds; the table is the last minute.",
    group=Group.INSIGHTS,
    icon="live",
    template="live.html",
    load=load,
)
