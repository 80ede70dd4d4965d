"""storage-account-limit-sku: A storage account has a SKU that fits its role and kind."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-sku",
    summary="A storage account has a SKU that fits its role and kind.",
    why="The workspace's own account can't be Premium; zone redundancy and Premium exist for some kinds only.",
    severity=Severity.HIGH,
    source="M2, T4",
    fix="Set 'sku' to an allowed one.",
)
