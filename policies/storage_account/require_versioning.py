"""storage-account-require-versioning: Every storage account keeps old versions of blobs."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="storage-account-require-versioning",
    summary="Every storage account keeps old versions of blobs.",
    why="An overwritten training set cannot be recovered without versions.",
    severity=Severity.MEDIUM,
    source="built-in, section 7",
    fix="Set 'blobVersioning' to true.",
)
