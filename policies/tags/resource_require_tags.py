"""tags-resource-require-tags: Every resource has the required tags."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-require-tags",
    summary="Every resource has the required tags.",
    why="Cost and responsibility cannot be told without them.",
    severity=Severity.HIGH,
    source="built-in 871b6d14, 1e30110a",
    fix="Set the tag on the resource, or in 'ml-workspace:tags' for all.",
)
