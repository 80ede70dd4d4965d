"""naming-resource-require-pattern: Names follow the naming convention of the company."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="naming-resource-require-pattern",
    summary="Names follow the naming convention of the company.",
    why="People find a resource by its name, and scripts rely on it.",
    severity=Severity.MEDIUM,
    source="none of the built-in policies covers names",
    fix="Rename the resource.",
)
