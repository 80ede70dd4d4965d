"""storage-account-require-tls: A storage account asks for at least TLS 1.2."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-require-tls",
    summary="A storage account asks for at least TLS 1.2.",
    why="Azure no longer serves older versions.",
    severity=Severity.HIGH,
    source="T4, built-in fe83a0eb",
    fix="Set 'minimumTlsVersion' to 'TLS1_2'.",
)
