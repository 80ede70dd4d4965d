"""All panels, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Mapping

from mlw.studio.panel import Group, Panel
from mlw.studio.panels import (
    access_panel,
    health_panel,
    registry_panel,
    secrets_panel,
    storage_panel,
    workspace_panel,
)

_ALL = (
    workspace_panel.PANEL,
    health_panel.PANEL,
    storage_panel.PANEL,
    registry_panel.PANEL,
    secrets_panel.PANEL,
    access_panel.PANEL,
)

PANELS: Mapping[str, Panel] = {panel.key: panel for panel in _ALL}

NAVIGATION: Mapping[Group, list[Panel]] = {
    group: found for group in Group if (found := [panel for panel in _ALL if panel.group is group])
}
