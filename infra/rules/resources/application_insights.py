"""Application insights: retention of telemetry (T8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.component_types import APPLICATION_INSIGHTS
from infra.rules.resources.properties import RESTARTS, Property, ResourceProperties
from infra.rules.violation import Violation, one_of

RETENTION_DAYS = (30, 60, 90, 120, 180, 270, 365, 550, 730)


class ApplicationInsightsProperties(ResourceProperties):
    """Application insights."""

    retention_in_days: Annotated[
        int,
        Property(
            doc=f"Days for which telemetry is kept: {one_of(RETENTION_DAYS)}.",
            default=90,
            effect=RESTARTS,
            source="T8",
        ),
    ]


@rule(
    id="application-insights-limit-retention",
    summary="Telemetry is kept for a period that application insights supports.",
    why="Azure rejects other periods.",
    severity=Severity.HIGH,
    source="T8",
    fix="Set 'retentionInDays' to 30, 60, 90, 120, 180, 270, 365, 550 or 730.",
    applies_to=(APPLICATION_INSIGHTS,),
)
def limit_retention(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Azure supports only these periods."""
    found = "application insights does not support this retention period"
    return check_allowed(resource, "retentionInDays", RETENTION_DAYS, found)
