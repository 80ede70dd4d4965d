"""storage-account-require-soft-delete: Deleted blobs stay recoverable for a minimum of days."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-require-soft-delete",
    summary="Deleted blobs stay recoverable for a minimum of days.",
    why="A mistake is noticed after the weekend.",
    severity=Severity.MEDIUM,
    source="built-in 9fbd64e3",
    fix="Raise 'deleteRetentionDays'.",
)
