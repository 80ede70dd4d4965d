"""The application map: services, what they call, and how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.map_layout import NODE_HEIGHT, NODE_WIDTH, lay_out
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import section


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read services and calls."""
    services, calls = section(request, "map-nodes"), section(request, "map")
    drawn = lay_out(services.records, calls.records)
    return {"services": services, "calls": calls, "map": drawn, "node": {"width": NODE_WIDTH, "height": NODE_HEIGHT}}


PANEL = Panel(
    key="map",
    title="Application map",
    about="Services that sent telemetry, and what they called.",
    group=Group.INSIGHTS,
    icon="map",
    template="map.html",
    load=load,
    has_range=True,
)
