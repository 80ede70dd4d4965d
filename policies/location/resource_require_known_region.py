"""location-resource-require-known-region: Every resource lies in a region that Azure has."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="location-resource-require-known-region",
    summary="Every resource lies in a region that Azure has.",
    why="A misspelt region is refused only when the first resource is created.",
    severity=Severity.HIGH,
    source="Azure regions",
    fix="Set 'location' to the name of a region, or leave it out for the resource group's.",
)
