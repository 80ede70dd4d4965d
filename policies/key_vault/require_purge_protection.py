"""key-vault-require-purge-protection: Nobody can purge a deleted key vault or secret before its time."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="key-vault-require-purge-protection",
    summary="Nobody can purge a deleted key vault or secret before its time.",
    why="One wrong command, or an intruder, would destroy what every datastore needs.",
    severity=Severity.MEDIUM,
    source="built-in 0b60c0b2",
    fix="Set 'enablePurgeProtection' to true; it can't be undone.",
)
