"""Experiments: which there are, and when they last changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.tracking_section import tracked
from mlw.tracking import experiments
from mlw.tracking.tracking_client import TrackingClient

MAXIMUM = 200


def load(request: PanelRequest, client: TrackingClient) -> Mapping[str, Any]:
    """List the experiments; deleted ones on request."""
    view = "all" if request.text("deleted") else "active"
    found = experiments.search(client, view=view, limit=MAXIMUM + 1)
    return {"experiments": found[:MAXIMUM], "has_more": len(found) > MAXIMUM, "deleted": view == "all"}


PANEL = Panel(
    key="experiments",
    title="Experiments",
    about="Groups of training runs. A program makes one when it names it.",
    group=Group.TRACKING,
    icon="flask",
    template="experiments.html",
    load=tracked(load),
)
