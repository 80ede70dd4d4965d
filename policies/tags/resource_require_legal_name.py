"""tags-resource-require-legal-name: Tag names are legal: length, characters, prefixes."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-require-legal-name",
    summary="Tag names are legal: length, characters, prefixes.",
    why="Azure refuses others; storage accounts allow only 128 characters.",
    severity=Severity.HIGH,
    source="G1, N1, T1, G2",
    fix="Rename the tag.",
)
