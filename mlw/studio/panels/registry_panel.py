"""The registry browser: repositories, tags, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.clients.registry.image_listing import ImageListing
from mlw.studio.panel import Group, Panel, PanelRequest

PAGE_ROWS = 100
TAGS = 100


def load(request: PanelRequest) -> Mapping[str, Any]:
    """List repositories, or the tags of the one that the address names."""
    connection = request.access.connection("containerRegistry", "listing repositories")
    listing = ImageListing(connection)
    host = connection.endpoint.partition("://")[2]
    if repository := request.text("repository"):
        return {"repository": repository, "tags": listing.tags(repository, limit=TAGS), "most": TAGS, "host": host}
    found = listing.repositories(after=request.text("after"), limit=PAGE_ROWS)
    return {"repositories": found, "next": found[-1] if len(found) == PAGE_ROWS else "", "host": host}


PANEL = Panel(
    key="registry",
    title="Registry browser",
    about="Repositories and tags of the container registry, with the size of what a tag refers to.",
    group=Group.DATA,
    icon="box",
    template="registry.html",
    load=load,
)
