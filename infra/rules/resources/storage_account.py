"""Storage accounts: kinds, SKUs and the combinations that Azure accepts.

Two roles. The workspace's *default* account must serve blobs and files without a hierarchical namespace (M2, M3); an
*additional* account may be any that Azure creates (T4). All functions take the properties as in the stack file and in a
component's props; a property that is absent breaks no rule.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.rules.violation import Violation, one_of

Props = Mapping[str, object]

KINDS = ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage")
DEFAULT_KINDS = ("StorageV2", "Storage")
STANDARD_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
PREMIUM_SKUS = ("Premium_LRS", "Premium_ZRS")
SKUS = STANDARD_SKUS + PREMIUM_SKUS
SKUS_OF_KIND: dict[str, tuple[str, ...]] = {
    "StorageV2": SKUS,
    # Zone redundancy came after these two kinds: theirs is local or geographic only (learn: storage-redundancy).
    "Storage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    "BlockBlobStorage": PREMIUM_SKUS,
    "FileStorage": PREMIUM_SKUS,
}
ACCESS_TIERS = ("Hot", "Cool", "Cold")
TLS_VERSIONS = ("TLS1_2",)
MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 1, 365

KIND = "storage-account-limit-kind"
SKU = "storage-account-limit-sku"
HNS = "storage-account-limit-hierarchical-namespace"
VERSIONING = "storage-account-limit-versioning"
TIER = "storage-account-limit-access-tier"
TLS = "storage-account-require-tls"
RETENTION = "storage-account-limit-retention"


def is_default(props: Props) -> bool:
    """True for the workspace's default account, which is also what an account without a role is."""
    return props.get("role", "default") == "default"


def check_kind(props: Props) -> list[Violation]:
    """The kind exists, and fits the account's role."""
    kind = props.get("kind")
    allowed = DEFAULT_KINDS if is_default(props) else KINDS
    if kind is None or kind in allowed:
        return []
    if kind in KINDS:
        found = "a workspace's default storage account must serve both blobs and files, this kind does not"
        sku = " and 'sku' to 'Standard_LRS'" if str(props.get("sku")).startswith("Premium") else ""
        fix = f"set 'kind' to 'StorageV2'{sku}, or list the account under 'ml-workspace:additionalStorageAccounts'"
    else:
        found, fix = "no such kind of storage account", f"set 'kind' to '{_near(kind, allowed)}'"
    return [Violation(rule=KIND, key="kind", value=kind, found=found, allowed=one_of(allowed), fix=fix)]


def check_sku(props: Props) -> list[Violation]:
    """The SKU exists, fits the role, and fits the kind."""
    sku, kind = props.get("sku"), props.get("kind")
    if sku is None:
        return []
    of_kind = SKUS_OF_KIND.get(str(kind), SKUS)
    # A kind that a default account may not have is one violation, not two: its SKU is judged by the kind alone.
    standard_only = is_default(props) and kind not in set(KINDS) - set(DEFAULT_KINDS)
    allowed = tuple(name for name in of_kind if not (standard_only and name in PREMIUM_SKUS))
    if sku in allowed:
        return []
    near = _near(sku, allowed)
    fix = f"set 'sku' to '{near}'"
    if standard_only and str(sku).lower().startswith("premium"):
        found = "a workspace's default storage account can't be Premium"
        if sku in PREMIUM_SKUS:
            fix += ", or list the account under 'ml-workspace:additionalStorageAccounts'"
    elif sku in SKUS:
        found = f"an account of kind {kind} can't have this SKU"
    else:
        found = "no such SKU of a storage account"
    return [Violation(rule=SKU, key="sku", value=sku, found=found, allowed=one_of(allowed), fix=fix)]


def check_hierarchical_namespace(props: Props) -> list[Violation]:
    """No hierarchical namespace on the default account; elsewhere only where Azure has it."""
    if props.get("isHnsEnabled") is not True:
        return []
    kind, sku = str(props.get("kind", "StorageV2")), str(props.get("sku", ""))
    if is_default(props):
        found = "a workspace's default storage account can't have a hierarchical namespace, also not after an upgrade"
        allowed = "false"
        fix = "set 'isHnsEnabled' to false, or list the account under 'ml-workspace:additionalStorageAccounts'"
    elif kind == "Storage" or (sku.startswith("Premium") and kind != "BlockBlobStorage"):
        found = f"an account of kind {kind} with SKU {sku or 'Standard_LRS'} can't have a hierarchical namespace"
        allowed = "false, or true with a Standard SKU of kind StorageV2 or BlobStorage, or with kind BlockBlobStorage"
        fix = "set 'isHnsEnabled' to false, or choose such a kind and SKU"
    else:
        return []
    return [Violation(rule=HNS, key="isHnsEnabled", value=True, found=found, allowed=allowed, fix=fix)]


def check_versioning(props: Props) -> list[Violation]:
    """Blob versioning is off where there is a hierarchical namespace or no blob service."""
    if props.get("blobVersioning") is not True:
        return []
    if props.get("isHnsEnabled") is True and not is_default(props):
        found = "blob versioning can't be on with a hierarchical namespace"
        fix = "set 'blobVersioning' or 'isHnsEnabled' to false"
    elif props.get("kind") == "FileStorage" and not is_default(props):
        found, fix = "an account of kind FileStorage has no blobs", "set 'blobVersioning' to false"
    else:
        return []
    return [Violation(rule=VERSIONING, key="blobVersioning", value=True, found=found, allowed="false", fix=fix)]


def check_access_tier(props: Props) -> list[Violation]:
    """The access tier exists and the account's kind and SKU have it; Hot, the default, passes everywhere."""
    tier, kind, sku = props.get("accessTier"), str(props.get("kind", "StorageV2")), str(props.get("sku", ""))
    premium = sku.startswith("Premium") and not is_default(props)
    allowed: tuple[str, ...] = ACCESS_TIERS
    if kind == "Storage":
        allowed = ("Hot",)
    elif premium:
        allowed = ("Hot", "Premium")
    if tier is None or tier in allowed:
        return []
    if tier in ACCESS_TIERS:
        found = f"an account of kind {kind}{' with a Premium SKU' if premium else ''} has no such access tier"
    elif tier == "Premium":
        found = "only accounts with a Premium SKU have this access tier"
    else:
        found = "no such access tier of an account"
    return [
        Violation(
            rule=TIER,
            key="accessTier",
            value=tier,
            found=found,
            allowed=one_of(allowed),
            fix=f"set 'accessTier' to '{_near(tier, allowed)}'",
        )
    ]


def check_tls(props: Props) -> list[Violation]:
    """The minimum TLS version is one that Azure still serves."""
    version = props.get("minimumTlsVersion")
    if version is None or version in TLS_VERSIONS:
        return []
    return [
        Violation(
            rule=TLS,
            key="minimumTlsVersion",
            value=version,
            found="not a minimum TLS version that Azure accepts",
            allowed=one_of(TLS_VERSIONS),
            fix="set 'minimumTlsVersion' to 'TLS1_2'",
        )
    ]


def check_retention(props: Props) -> list[Violation]:
    """Soft delete keeps deleted data between 1 and 365 days."""
    days = props.get("deleteRetentionDays")
    if days is None or (isinstance(days, int | float) and MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS):
        return []
    return [
        Violation(
            rule=RETENTION,
            key="deleteRetentionDays",
            value=days,
            found="outside of what soft delete allows",
            allowed=f"{MIN_RETENTION_DAYS}-{MAX_RETENTION_DAYS} days",
            fix="set 'deleteRetentionDays' to e.g. 7",
        )
    ]


def _near(value: object, allowed: tuple[str, ...]) -> str:
    """The allowed value that is meant if only the case is wrong, else the first."""
    return next((name for name in allowed if name.lower() == str(value).lower()), allowed[0])
