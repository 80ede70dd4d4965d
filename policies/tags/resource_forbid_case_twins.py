"""tags-resource-forbid-case-twins: No two tags differ only in the case of their names."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-forbid-case-twins",
    summary="No two tags differ only in the case of their names.",
    why="Azure keeps one value for them, and nobody can tell which.",
    severity=Severity.HIGH,
    source="G1",
    fix="Keep one of them.",
)
