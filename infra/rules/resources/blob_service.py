"""The blobs of a storage account: access tier, versions, soft delete (T4), and how long an organization wants them."""

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
    summary="Blob versioning is on only where it can be.",
    why="It does not go together with a hierarchical namespace.",
    severity=Severity.HIGH,
    source="T4",
    fix="Set 'blobVersioning' or 'isHnsEnabled' to false.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_versioning(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Off where there is a hierarchical namespace or no blob service."""
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
    summary="A storage account has an access tier that its kind offers.",
    why="Azure refuses others.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'accessTier' to an allowed one, or leave it out.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_access_tier(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The tier exists and the account's kind and SKU have it; Hot, the default, passes everywhere."""
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
        found = f"an account of kind {kind}{' with a Premium SKU' if premium else ''} has no such access tier"
    elif tier == "Premium":
        found = "only accounts with a Premium SKU have this access tier"
    else:
        found = "no such access tier of an account"
    fix = f"set 'accessTier' to '{nearest(tier, allowed)}'"
    yield Violation(key="accessTier", value=tier, found=found, allowed=one_of(allowed), fix=fix)


@rule(
    id="storage-account-limit-retention",
    summary="Deleted blobs stay recoverable for 1 to 365 days.",
    why="Azure refuses other periods.",
    severity=Severity.MEDIUM,
    source="T4",
    fix="Set 'deleteRetentionDays' to 1-365.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_retention(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Both ends are allowed."""
    days = resource.props.get("deleteRetentionDays")
    if days is None or (isinstance(days, int | float) and MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS):
        return
    yield Violation(
        key="deleteRetentionDays",
        value=days,
        found="outside of what soft delete allows",
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
    """Of accounts that can keep versions."""
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
    summary="Deleted blobs stay recoverable for a minimum of days.",
    why="A mistake is noticed after the weekend.",
    severity=Severity.MEDIUM,
    source="built-in 9fbd64e3",
    fix="Raise 'deleteRetentionDays'.",
    applies_to=(STORAGE_ACCOUNT,),
    parameters={"minimumDays": 7},
)
def require_soft_delete(resource: ResourceView, parameters: Parameters) -> Iterator[Violation]:
    """`minimumDays`: what the organization asks for."""
    days, minimum = resource.props.get("deleteRetentionDays"), int(str(parameters["minimumDays"]))
    if isinstance(days, int | float) and days < minimum:
        yield Violation(
            key="deleteRetentionDays",
            value=days,
            found="deleted blobs are lost too early",
            allowed=f"at least {minimum} days",
            fix=f"set 'deleteRetentionDays' to {minimum}",
        )
