"""application-insights-limit-retention: Telemetry is kept for a period that application insights has."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="application-insights-limit-retention",
    summary="Telemetry is kept for a period that application insights has.",
    why="Azure refuses others.",
    severity=Severity.HIGH,
    source="T8",
    fix="Set 'retentionInDays' to 30, 60, 90, 120, 180, 270, 365, 550 or 730.",
)
