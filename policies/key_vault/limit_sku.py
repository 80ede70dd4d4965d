"""key-vault-limit-sku: A key vault has a SKU that exists."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="key-vault-limit-sku",
    summary="A key vault has a SKU that exists.",
    why="Azure refuses others.",
    severity=Severity.HIGH,
    source="T5",
    fix="Set 'sku' to 'standard' or 'premium'.",
)
