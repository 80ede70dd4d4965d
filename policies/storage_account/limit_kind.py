"""storage-account-limit-kind: A storage account has a kind that fits its role."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-kind",
    summary="A storage account has a kind that fits its role.",
    why="The workspace's own account must serve blobs and files; Azure says so only when the workspace is created.",
    severity=Severity.HIGH,
    source="M2, M3, T4",
    fix="Set 'kind' to 'StorageV2', or list the account under 'additionalStorageAccounts'.",
)
