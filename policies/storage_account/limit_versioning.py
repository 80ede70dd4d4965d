"""storage-account-limit-versioning: Blob versioning is on only where it can be."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-limit-versioning",
    summary="Blob versioning is on only where it can be.",
    why="It does not go together with a hierarchical namespace.",
    severity=Severity.HIGH,
    source="T4",
    fix="Set 'blobVersioning' or 'isHnsEnabled' to false.",
)
