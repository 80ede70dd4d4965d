"""container-registry-limit-sku: A container registry has a SKU that exists."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="container-registry-limit-sku",
    summary="A container registry has a SKU that exists.",
    why="Azure refuses others.",
    severity=Severity.HIGH,
    source="T7",
    fix="Set 'sku' to 'Basic', 'Standard' or 'Premium'.",
)
