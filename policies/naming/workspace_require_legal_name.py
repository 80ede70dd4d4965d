"""naming-workspace-require-legal-name: A workspace has a name that Azure accepts."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="naming-workspace-require-legal-name",
    summary="A workspace has a name that Azure accepts.",
    why="A name can never be changed, and Azure refuses an illegal one only when the resource is created.",
    severity=Severity.HIGH,
    source="R1, R2, N4",
    fix="Set the resource's 'name' to a legal one, or leave it out to have it made.",
)
