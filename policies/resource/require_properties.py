"""resource-require-properties: A component registers its Azure properties, each of the right type."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="resource-require-properties",
    summary="A component registers its Azure properties, each of the right type.",
    why="A rule cannot judge what is left out.",
    severity=Severity.HIGH,
    source="own",
    fix="Register the component with the property.",
)
