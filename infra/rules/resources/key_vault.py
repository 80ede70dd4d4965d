"""Key vaults: their properties, and the rules for SKU, retention of deleted secrets, purge protection (T5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, StackRule, rule
from infra.rules.resources.allowed_values import check_allowed
from infra.rules.resources.changes import NeverOff, Replaces
from infra.rules.resources.component_types import KEY_VAULT
from infra.rules.resources.properties import Property, ResourceProperties
from infra.rules.violation import Violation, one_of

SKUS = ("standard", "premium")
MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 7, 90

KEEP_RETENTION = StackRule("change-key-vault-forbid-retention", "A key vault's retention period never changes (T5).")
KEEP_PROTECTION = StackRule("change-key-vault-forbid-unprotecting", "Purge protection is never switched off (T5).")


class KeyVaultProperties(ResourceProperties):
    """A key vault."""

    sku: Annotated[str, Property(doc=f"Pricing tier: {one_of(SKUS)}.", default="standard", source="T5")]
    soft_delete_retention_in_days: Annotated[
        int,
        Property(
            doc=f"Days for which deleted secrets can be recovered, {MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS}.",
            default=90,
            change=Replaces(
                "the period is fixed when the key vault is created",
                rule=KEEP_RETENTION,
                consequence="",
                lost="the secrets",
            ),
            source="T5",
        ),
    ]
    enable_purge_protection: Annotated[
        bool,
        Property(
            doc="Whether deleted secrets are protected from purging until their retention ends.",
            default=False,
            change=NeverOff(KEEP_PROTECTION, "purge protection"),
            source="T5",
        ),
    ]


@rule(
    id="key-vault-limit-sku",
    summary="A key vault has a SKU that Azure offers.",
    why="Azure rejects other SKUs.",
    severity=Severity.HIGH,
    source="T5",
    fix="Set 'sku' to 'standard' or 'premium'.",
    applies_to=(KEY_VAULT,),
)
def limit_sku(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Case matters."""
    return check_allowed(resource, "sku", SKUS, "unknown SKU of a key vault")


@rule(
    id="key-vault-limit-retention",
    summary="Deleted secrets stay recoverable for 7 to 90 days.",
    why="Azure rejects other periods, and the period can never be changed.",
    severity=Severity.HIGH,
    source="T5",
    fix="Set 'softDeleteRetentionInDays' to 7-90.",
    applies_to=(KEY_VAULT,),
)
def limit_retention(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The limits are inclusive."""
    days = resource.props.get("softDeleteRetentionInDays")
    if days is None or (isinstance(days, int | float) and MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS):
        return
    yield Violation(
        key="softDeleteRetentionInDays",
        value=days,
        found="outside the range of a key vault's soft delete",
        allowed=f"{MIN_RETENTION_DAYS}-{MAX_RETENTION_DAYS} days",
        fix="set 'softDeleteRetentionInDays' to e.g. 90; it can't be changed later",
    )


@rule(
    id="key-vault-require-purge-protection",
    summary="Deleted key vaults and secrets can't be purged before their retention ends.",
    why="One wrong command, or an intruder, could destroy secrets that every datastore needs.",
    severity=Severity.MEDIUM,
    source="built-in 0b60c0b2",
    fix="Set 'enablePurgeProtection' to true; it can't be undone.",
    applies_to=(KEY_VAULT,),
)
def require_purge_protection(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Purge protection is on."""
    if resource.props.get("enablePurgeProtection") is False:
        yield Violation(
            key="enablePurgeProtection",
            value=False,
            found="deleted secrets can be purged at once",
            allowed="true",
            fix="set 'enablePurgeProtection' to true",
        )
