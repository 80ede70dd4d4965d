"""How long a deleted workspace is kept.

Sources: M9 (a deleted workspace is recoverable for 14 days; its name is held until it is purged or the days are over;
recovery needs storage account and key vault), R4 (`softDeleteRetentionInDays`), T5 (a key vault with purge protection
is not purged before its own retention is over).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

MAX_DAYS = 90
AZURES_DAYS = 14

RETENTION = StackRule(
    "workspace-stack-limit-soft-delete", "A deleted workspace is kept for 1 to 90 days, or deleted immediately (0)."
)


def check_retention(days: int | None, *, key: str) -> list[Violation]:
    """A violation if a workspace cannot be kept for ``days`` days."""
    if days is None or 0 <= days <= MAX_DAYS:
        return []
    return [
        Violation(
            rule=RETENTION,
            key=key,
            value=days,
            found="out of range",
            allowed=f"1-{MAX_DAYS} days, or 0 to delete immediately",
            fix=f"set '{key}' to e.g. {AZURES_DAYS}",
        )
    ]


def kept_days(retention_days: int, key_vault: Mapping[str, object]) -> int:
    """Days for which a deleted stack is kept.

    Args:
        retention_days: The workspace's retention.
        key_vault: Properties of the stack's own key vault, if any.
    """
    protected = key_vault.get("softDeleteRetentionInDays") if key_vault.get("enablePurgeProtection") is True else 0
    return max(retention_days, int(protected) if isinstance(protected, int | float) else 0)
