"""All panels, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Mapping

from mlw.studio.panel import Group, Panel
from mlw.studio.panels import (
    access_panel,
    activity_panel,
    availability_panel,
    computes_panel,
    cost_panel,
    endpoints_panel,
    experiments_panel,
    failures_panel,
    health_panel,
    jobs_panel,
    live_panel,
    map_panel,
    metrics_panel,
    models_panel,
    notebooks_panel,
    performance_panel,
    registry_panel,
    runs_panel,
    schedules_panel,
    search_panel,
    secrets_panel,
    storage_panel,
    workspace_panel,
)

_ALL = (
    workspace_panel.PANEL,
    health_panel.PANEL,
    experiments_panel.PANEL,
    runs_panel.PANEL,
    models_panel.PANEL,
    jobs_panel.PANEL,
    schedules_panel.PANEL,
    computes_panel.PANEL,
    endpoints_panel.PANEL,
    notebooks_panel.PANEL,
    map_panel.PANEL,
    performance_panel.PANEL,
    failures_panel.PANEL,
    search_panel.PANEL,
    metrics_panel.PANEL,
    live_panel.PANEL,
    availability_panel.PANEL,
    activity_panel.PANEL,
    cost_panel.PANEL,
    storage_panel.PANEL,
    registry_panel.PANEL,
    secrets_panel.PANEL,
    access_panel.PANEL,
)

PANELS: Mapping[str, Panel] = {panel.key: panel for panel in _ALL}

NAVIGATION: Mapping[Group, list[Panel]] = {
    group: found for group in Group if (found := [panel for panel in _ALL if panel.group is group])
}
