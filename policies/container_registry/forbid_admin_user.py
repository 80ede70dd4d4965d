"""container-registry-forbid-admin-user: The registry's admin account is off."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="container-registry-forbid-admin-user",
    summary="The registry's admin account is off.",
    why="Everybody who has it is the same person. In conflict with what a workspace needs, so disabled by default.",
    severity=Severity.MEDIUM,
    source="built-in dc921057",
    fix="Set 'adminUserEnabled' to false.",
)
