"""resource-forbid-types: No resource is of a type that the company forbids."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="resource-forbid-types",
    summary="No resource is of a type that the company forbids.",
    why="Some services are not approved.",
    severity=Severity.MEDIUM,
    source="built-in, section 7",
    fix="Leave the resource out, or ask for an exemption.",
)
