"""workspace-limit-sku: A workspace has the one SKU that the service accepts."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="workspace-limit-sku",
    summary="A workspace has the one SKU that the service accepts.",
    why="Documents list others, the service refuses them.",
    severity=Severity.HIGH,
    source="T2",
    fix="Set 'sku' to 'Basic'.",
)
