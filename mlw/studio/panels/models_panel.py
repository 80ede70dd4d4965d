"""Models: which are registered, and the versions of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.tracking_section import tracked
from mlw.tracking import registered_models
from mlw.tracking.tracking_client import TrackingClient

MAXIMUM = 200


def load(request: PanelRequest, client: TrackingClient) -> Mapping[str, Any]:
    """List the models, or the versions of the one that the address names; archived ones on request."""
    with_archived = bool(request.text("archived"))
    if name := request.text("model"):
        versions = registered_models.versions(client, name)
        shown = versions if with_archived else registered_models.without_archived(versions)
        return {"model": name, "versions": [one.as_json() for one in shown], "archived": with_archived}
    found = registered_models.search(client, limit=MAXIMUM + 1)
    models = [one for one in found[:MAXIMUM] if with_archived or not one.is_archived]
    return {"model": "", "models": models, "has_more": len(found) > MAXIMUM, "archived": with_archived}


PANEL = Panel(
    key="models",
    title="Models",
    about="Registered models and their versions, with the run that each one comes from.",
    group=Group.TRACKING,
    icon="cube",
    template="models.html",
    load=tracked(load),
)
