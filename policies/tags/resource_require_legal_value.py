"""tags-resource-require-legal-value: Tag values are text of at most 256 characters."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-require-legal-value",
    summary="Tag values are text of at most 256 characters.",
    why="Azure refuses longer ones.",
    severity=Severity.HIGH,
    source="G1, T1",
    fix="Shorten the value, or write it in quotes.",
)
