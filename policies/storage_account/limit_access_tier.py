"""storage-account-limit-access-tier: A storage account has an access tier that its kind offers."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-access-tier",
    summary="A storage account has an access tier that its kind offers.",
    why="Azure refuses others.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'accessTier' to an allowed one, or leave it out.",
)
