"""resource-limit-skus: A resource has a SKU that the company allows."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="resource-limit-skus",
    summary="A resource has a SKU that the company allows.",
    why="Some SKUs cost more than a project may spend.",
    severity=Severity.MEDIUM,
    source="built-in 7433c107",
    fix="Set 'sku' to an allowed one.",
)
