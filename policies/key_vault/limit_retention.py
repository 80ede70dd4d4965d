"""key-vault-limit-retention: Deleted secrets stay recoverable for 7 to 90 days."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="key-vault-limit-retention",
    summary="Deleted secrets stay recoverable for 7 to 90 days.",
    why="Azure refuses other periods, and the period can never be changed.",
    severity=Severity.HIGH,
    source="T5",
    fix="Set 'softDeleteRetentionInDays' to 7-90.",
)
