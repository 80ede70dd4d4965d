"""tags-resource-forbid-secrets: No tag holds a secret."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-forbid-secrets",
    summary="No tag holds a secret.",
    why="Tags are shown as plain text in cost reports, exports and logs.",
    severity=Severity.HIGH,
    source="G1",
    fix="Keep the secret in the key vault; put its name into the tag.",
)
