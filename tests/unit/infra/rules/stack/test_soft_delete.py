"""The retention period of a deleted workspace."""

import pytest

from infra.rules.stack.soft_delete import RETENTION, check_retention, kept_days


@pytest.mark.parametrize(
    ("days", "broken"), [(None, []), (0, []), (1, []), (90, []), (91, [RETENTION]), (-1, [RETENTION])]
)
def test_days_have_limits(days: int | None, broken: list[str]) -> None:
    assert [violation.rule for violation in check_retention(days, key="k")] == broken


@pytest.mark.parametrize(
    ("vault", "days"),
    [
        ({}, 14),
        ({"softDeleteRetentionInDays": 90, "enablePurgeProtection": False}, 14),
        ({"softDeleteRetentionInDays": 90.0, "enablePurgeProtection": True}, 90),
        ({"softDeleteRetentionInDays": 7, "enablePurgeProtection": True}, 14),
    ],
    ids=["no key vault of its own", "not protected", "protected for longer", "protected for less"],
)
def test_a_protected_key_vault_keeps_the_whole_stack_for_its_retention_days(
    vault: dict[str, object], days: int
) -> None:
    """T5: with purge protection, no purge before the key vault's retention is over."""
    assert kept_days(14, vault) == days
