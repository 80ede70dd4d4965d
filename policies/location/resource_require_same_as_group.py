"""location-resource-require-same-as-group: Every resource lies where its resource group does."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="location-resource-require-same-as-group",
    summary="Every resource lies where its resource group does.",
    why="A group tells of its resources where it lies itself: when that region is down, none of them can be changed.",
    severity=Severity.LOW,
    source="built-in 'Audit resource location matches resource group location'",
    fix="Leave 'location' out, or set it to the resource group's.",
)
