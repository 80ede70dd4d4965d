"""storage-account-limit-retention: Deleted blobs stay recoverable for 1 to 365 days."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-retention",
    summary="Deleted blobs stay recoverable for 1 to 365 days.",
    why="Azure refuses other periods.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'deleteRetentionDays' to 1-365.",
)
