"""storage-account-limit-hierarchical-namespace: Only additional storage accounts have a hierarchical namespace."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-hierarchical-namespace",
    summary="Only additional storage accounts have a hierarchical namespace.",
    why="Azure refuses it on a default account only after that exists, and it can never be switched off.",
    severity=Severity.HIGH,
    source="M2, T4",
    fix="Set 'isHnsEnabled' to false, or list the account under 'additionalStorageAccounts'.",
)
