"""tags-resource-limit-count: A resource has at most 50 tags."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-limit-count",
    summary="A resource has at most 50 tags.",
    why="Azure refuses the 51st, inherited ones included.",
    severity=Severity.HIGH,
    source="G1",
    fix="Remove tags, or put several facts as JSON into one value.",
)
