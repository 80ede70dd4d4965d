"""The blobs of a storage account: access tier, versioning, soft delete (T4), and an organization's retention."""

from __future__ import annotations

from collections.abc import Iterator

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import nearest
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.storage_account import is_default
from infra.rules.violation import Violation, one_of

ACCESS_TIERS = ("Hot", "Cool", "Cold")
MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 1, 365


@rule(
    id="storage-account-limit-versioning",
    summary="Blob versioning is on only where Azure supports it.",
    why="Versioning and a hierarchical namespace exclude each other.",
    severity=Severity.HIGH,
    source="T4",
    fix="Set 'blobVersioning' or 'isHnsEnabled' to false.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_versioning(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Off for accounts with a hierarchical namespace or without a blob service."""
    props = resource.props
    if props.get("blobVersioning") is not True:
        return
    if props.get("isHnsEnabled") is True and not is_default(props):
        found = "blob versioning can't be on with a hierarchical namespace"
        fix = "set 'blobVersioning' or 'isHnsEnabled' to false"
    elif props.get("kind") == "FileStorage" and not is_default(props):
        found, fix = "an account of kind FileStorage has no blobs", "set 'blobVersioning' to false"
    else:
        return
    yield Violation(key="blobVersioning", value=True, found=found, allowed="false", fix=fix)


@rule(
    id="storage-account-limit-access-tier",
    summary="A storage account has an access tier that its kind supports.",
    why="Azure rejects other access tiers.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'accessTier' to an allowed value, or omit it.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_access_tier(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The tier exists, and the account's kind and SKU support it; Hot, the default, always passes."""
    props = resource.props
    tier, kind, sku = props.get("accessTier"), str(props.get("kind", "StorageV2")), str(props.get("sku", ""))
    premium = sku.startswith("Premium") and not is_default(props)
    allowed: tuple[str, ...] = ACCESS_TIERS
    if kind == "Storage":
        allowed = ("Hot",)
    elif premium:
        allowed = ("Hot", "Premium")
    if tier is None or tier in allowed:
        return
    if tier in ACCESS_TIERS:
        found = f"an account of kind {kind}{' with a Premium SKU' if premium else ''} does not support this access tier"
    elif tier == "Premium":
        found = "only accounts with a Premium SKU support this access tier"
    else:
        found = "unknown access tier"
    fix = f"set 'accessTier' to '{nearest(tier, allowed)}'"
    yield Violation(key="accessTier", value=tier, found=found, allowed=one_of(allowed), fix=fix)


@rule(
    id="storage-account-limit-retention",
    summary="Deleted blobs stay recoverable for 1 to 365 days.",
    why="Azure rejects other periods.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'deleteRetentionDays' to 1-365.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_retention(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The limits are inclusive."""
    days = resource.props.get("deleteRetentionDays")
    if days is None or (isinstance(days, int | float) and MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS):
        return
    yield Violation(
        key="deleteRetentionDays",
        value=days,
        found="outside the range of soft delete",
        allowed=f"{MIN_RETENTION_DAYS}-{MAX_RETENTION_DAYS} days",
        fix="set 'deleteRetentionDays' to e.g. 7",
    )


@rule(
    id="storage-account-require-versioning",
    summary="Every storage account keeps old versions of blobs.",
    why="An overwritten training set cannot be recovered without versions.",
    severity=Severity.MEDIUM,
    source="built-in, section 7",
    fix="Set 'blobVersioning' to true.",
    applies_to=(STORAGE_ACCOUNT,),
)
def require_versioning(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Applies to accounts that support versions."""
    props = resource.props
    can = props.get("kind") not in ("Storage", "FileStorage") and props.get("isHnsEnabled") is not True
    if can and props.get("blobVersioning") is False:
        yield Violation(
            key="blobVersioning",
            value=False,
            found="old versions of blobs are lost",
            allowed="true",
            fix="set 'blobVersioning' to true",
        )


@rule(
    id="storage-account-require-soft-delete",
    summary="Deleted blobs stay recoverable for a minimum number of days.",
    why="A mistake may be noticed only after the weekend.",
    severity=Severity.MEDIUM,
    source="built-in 9fbd64e3",
    fix="Raise 'deleteRetentionDays'.",
    applies_to=(STORAGE_ACCOUNT,),
    parameters={"minimumDays": 7},
)
def require_soft_delete(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`minimumDays`: the minimum that the organization requires."""
    days, minimum = resource.props.get("deleteRetentionDays"), int(str(parameters["minimumDays"]))
    if isinstance(days, int | float) and days < minimum:
        yield Violation(
            key="deleteRetentionDays",
            value=days,
            found="deleted blobs are removed too early",
            allowed=f"at least {minimum} days",
            fix=f"set 'deleteRetentionDays' to {minimum}",
        )
