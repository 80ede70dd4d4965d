"""Metrics that services sent; one of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.drawings import Series, chart
from mlw.studio.page_templates import panel_url
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import section


def load(request: PanelRequest) -> Mapping[str, Any]:
    """List metrics, or read the one that the address names."""
    name, service = request.text("name"), request.text("service")
    if name:
        over_time = section(request, "metric-over-time", {"name": name, "service": service or None})
        used = request.time_range
        lines = [Series(column="value", label=name)]
        records = over_time.records
        charts = [
            (
                one,
                f"{name} of {one} over time",
                chart([row for row in records if row["cloud_RoleName"] == one], used, lines),
            )
            for one in sorted({str(row["cloud_RoleName"]) for row in records})
        ]
        return {"name": name, "over_time": over_time, "charts": charts}
    stack = request.access.stack.name
    found = section(request, "metrics")
    links = [
        panel_url(stack, "metrics", **request.range_parameters, name=row["name"], service=row["cloud_RoleName"])
        for row in found.records
    ]
    return {"name": "", "found": found, "links": links}


PANEL = Panel(
    key="metrics",
    title="Metrics",
    about="Metrics that services sent.",
    group=Group.INSIGHTS,
    icon="gauge",
    template="metrics.html",
    load=load,
    has_range=True,
)
