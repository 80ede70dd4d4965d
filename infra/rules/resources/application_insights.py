"""Application insights: retention (T8) and maximum size of telemetry, and where metrics are sent to as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.component_types import APPLICATION_INSIGHTS
from infra.rules.resources.properties import RESTARTS, Property, ResourceProperties
from infra.rules.violation import Violation, one_of

RETENTION_DAYS = (30, 60, 90, 120, 180, 270, 365, 550, 730)
MIN_SIZE_GB, MAX_SIZE_GB = 1, 10_000
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/%-]*)?")


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
    maximum_size_in_gb: Annotated[
        int,
        Property(
            doc=f"Size of the telemetry in GB, {MIN_SIZE_GB} to {MAX_SIZE_GB}. Above it, the oldest is deleted before "
            "its retention ends. Azure has a cap per day instead.",
            default=10,
            effect=RESTARTS,
        ),
    ]
    forward_metrics_to: Annotated[
        str,
        Property(
            doc="URL to which metrics are sent by OTLP/HTTP, in addition, e.g. of Prometheus: "
            "http://prometheus:9090/api/v1/otlp/v1/metrics. Empty: they are sent nowhere.",
            default="",
            effect=RESTARTS,
            required=False,
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


@rule(
    id="application-insights-limit-size",
    summary="The maximum size of telemetry is 1 to 10,000 GB.",
    why="Without a limit telemetry would fill the disk that all services share.",
    severity=Severity.HIGH,
    source="own",
    fix="Set 'maximumSizeInGB' to 1-10000.",
    applies_to=(APPLICATION_INSIGHTS,),
)
def limit_size(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The limits are inclusive."""
    size = resource.props.get("maximumSizeInGB")
    if size is None or (isinstance(size, int | float) and MIN_SIZE_GB <= size <= MAX_SIZE_GB):
        return
    yield Violation(
        key="maximumSizeInGB",
        value=size,
        found="outside the range of application insights' size",
        allowed=f"{MIN_SIZE_GB}-{MAX_SIZE_GB} GB",
        fix="set 'maximumSizeInGB' to e.g. 10",
    )


@rule(
    id="application-insights-limit-metrics-target",
    summary="Metrics are forwarded to an http or https URL without credentials.",
    why="The stack file and the state show the URL to everybody who can read them.",
    severity=Severity.HIGH,
    source="own",
    fix="Set 'forwardMetricsTo' to a URL such as http://prometheus:9090/api/v1/otlp/v1/metrics, or remove it.",
    applies_to=(APPLICATION_INSIGHTS,),
)
def limit_metrics_target(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Neither user nor query: both would be credentials."""
    url = resource.props.get("forwardMetricsTo")
    if not url or (isinstance(url, str) and _URL.fullmatch(url)):
        return
    yield Violation(
        key="forwardMetricsTo",
        value=url,
        found="not a URL that metrics can be forwarded to",
        allowed="http:// or https://, a host, a port, a path; no user, password or query",
        fix="set 'forwardMetricsTo' to e.g. http://prometheus:9090/api/v1/otlp/v1/metrics",
    )
