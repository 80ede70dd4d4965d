"""container-registry-require-admin-user: The registry's admin account is on."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="container-registry-require-admin-user",
    summary="The registry's admin account is on.",
    why="A workspace cannot use a registry without it.",
    severity=Severity.HIGH,
    source="M3, T2",
    fix="Set 'adminUserEnabled' to true.",
)
