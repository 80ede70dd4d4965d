"""Storage accounts: kind, SKU and the combinations that Azure accepts.

There are two roles: the workspace's *default* account must serve blobs and files without a hierarchical namespace (M2,
M3); an *additional* account may be any that Azure supports (T4). A missing property breaks no rule. Rules for blobs are
in `blob_service`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from infra.rules.policy.rule import Parameters, ResourceView, Severity, rule
from infra.rules.resources.allowed_values import nearest
from infra.rules.resources.changes import Replaces
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.resources.properties import Derived, Property, ResourceProperties
from infra.rules.violation import Violation, one_of

ACCOUNT_KINDS = ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage")
DEFAULT_KINDS = ("StorageV2", "Storage")
STANDARD_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
PREMIUM_SKUS = ("Premium_LRS", "Premium_ZRS")
SKUS = STANDARD_SKUS + PREMIUM_SKUS
SKUS_OF_KIND: dict[str, tuple[str, ...]] = {
    "StorageV2": SKUS,
    # These two predate zone redundancy: they support only local and geographic redundancy (learn: storage-redundancy).
    "Storage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    "BlockBlobStorage": PREMIUM_SKUS,
    "FileStorage": PREMIUM_SKUS,
}
TLS_VERSIONS = ("TLS1_2",)
_PREMIUM_KINDS = frozenset({"BlockBlobStorage", "FileStorage"})
_ZONE_REDUNDANT = frozenset({"ZRS", "GZRS", "RAGZRS"})


def is_default(props: Mapping[str, object]) -> bool:
    """True for the workspace's default account; an account without a role is one."""
    return props.get("role", "default") == "default"


def _sku_of_kind(props: Mapping[str, object]) -> str:
    return PREMIUM_SKUS[0] if props["kind"] in _PREMIUM_KINDS else "Standard_LRS"


def _keeps_versions(props: Mapping[str, object]) -> bool:
    if is_default(props):
        return props["kind"] != "Storage"
    return props["kind"] not in {"Storage", "FileStorage"} and not props["isHnsEnabled"]


def _performance_and_family(value: object) -> object:
    """Standard or Premium, and whether copies are spread across zones."""
    tier, _, redundancy = str(value).partition("_")
    return tier, redundancy in _ZONE_REDUNDANT


class StorageAccountProperties(ResourceProperties):
    """A storage account."""

    kind: Annotated[
        str,
        Property(
            doc=f"{one_of(DEFAULT_KINDS)} (v1); for an additional account {one_of(ACCOUNT_KINDS)}.",
            default="StorageV2",
            change=Replaces(
                "only Storage (v1) can be upgraded to StorageV2 in place", upgrade=("Storage", "StorageV2")
            ),
            source="M2, T4",
        ),
    ]
    sku: Annotated[
        str,
        Property(
            doc="Performance and redundancy; the allowed values depend on the kind.",
            default=Derived("`Standard_LRS`; `Premium_LRS` for a Premium kind", _sku_of_kind),
            change=Replaces(
                "only changes among LRS, GRS and RAGRS, or among ZRS, GZRS and RAGZRS, are made in place",
                _performance_and_family,
            ),
            source="M2, T4",
        ),
    ]
    is_hns_enabled: Annotated[
        bool,
        Property(
            doc="Hierarchical namespace; on additional accounts only.",
            default=False,
            change=Replaces("a hierarchical namespace can't be switched on or off", bool),
            source="M2, T4",
        ),
    ]
    access_tier: Annotated[str, Property(doc="`Hot`, `Cool` or `Cold`.", default="Hot", source="T4")]
    minimum_tls_version: Annotated[
        str, Property(doc=f"Lowest TLS version for clients: {one_of(TLS_VERSIONS)}.", default="TLS1_2", source="T4")
    ]
    blob_versioning: Annotated[
        bool,
        Property(
            doc="Whether old versions of blobs are kept; no effect if the kind is `Storage`.",
            default=Derived("true if the kind supports versions", _keeps_versions),
            source="T4",
        ),
    ]
    delete_retention_days: Annotated[
        int, Property(doc="Days for which deleted blobs can be recovered, 1 to 365.", default=7, source="T4")
    ]
    role: Annotated[
        str,
        Property(
            doc="`default` for the workspace's own account, or `additional`.",
            default=Derived("from the section"),
            settable=False,
        ),
    ]


@rule(
    id="storage-account-limit-kind",
    summary="A storage account has a kind that its role allows.",
    why="The workspace's own account must serve blobs and files; Azure reports it only when the workspace is created.",
    severity=Severity.HIGH,
    source="M2, M3, T4",
    fix="Set 'kind' to 'StorageV2', or list the account under 'additionalStorageAccounts'.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_kind(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The kind exists, and the account's role allows it."""
    props = resource.props
    kind = props.get("kind")
    allowed = DEFAULT_KINDS if is_default(props) else ACCOUNT_KINDS
    if kind is None or kind in allowed:
        return
    if kind in ACCOUNT_KINDS:
        found = "a workspace's default storage account must serve both blobs and files, but this kind does not"
        sku = " and 'sku' to 'Standard_LRS'" if str(props.get("sku")).startswith("Premium") else ""
        fix = f"set 'kind' to 'StorageV2'{sku}, or list the account under 'ml-workspace:additionalStorageAccounts'"
    else:
        found, fix = "unknown kind of storage account", f"set 'kind' to '{nearest(kind, allowed)}'"
    yield Violation(key="kind", value=kind, found=found, allowed=one_of(allowed), fix=fix)


@rule(
    id="storage-account-limit-sku",
    summary="A storage account has a SKU that its role and kind allow.",
    why="The workspace's own account can't be Premium; zone redundancy and Premium depend on the kind.",
    severity=Severity.HIGH,
    source="M2, T4",
    fix="Set 'sku' to an allowed value.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_sku(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The SKU exists, and both role and kind allow it."""
    sku, kind = resource.props.get("sku"), resource.props.get("kind")
    if sku is None:
        return
    of_kind = SKUS_OF_KIND.get(str(kind), SKUS)
    # A kind that is forbidden for the default account is one violation, not two: only the kind decides about its SKU.
    standard_only = is_default(resource.props) and (kind in DEFAULT_KINDS or kind not in ACCOUNT_KINDS)
    allowed = tuple(name for name in of_kind if not (standard_only and name in PREMIUM_SKUS))
    if sku in allowed:
        return
    fix = f"set 'sku' to '{nearest(sku, allowed)}'"
    if standard_only and str(sku).lower().startswith("premium"):
        found = "a workspace's default storage account can't be Premium"
        if sku in PREMIUM_SKUS:
            fix += ", or list the account under 'ml-workspace:additionalStorageAccounts'"
    elif sku in SKUS:
        found = f"an account of kind {kind} does not support this SKU"
    else:
        found = "unknown SKU of a storage account"
    yield Violation(key="sku", value=sku, found=found, allowed=one_of(allowed), fix=fix)


@rule(
    id="storage-account-limit-hierarchical-namespace",
    summary="Only additional storage accounts have a hierarchical namespace.",
    why="Azure rejects it on a default account only after the account exists, and it can never be switched off.",
    severity=Severity.HIGH,
    source="M2, T4",
    fix="Set 'isHnsEnabled' to false, or list the account under 'additionalStorageAccounts'.",
    applies_to=(STORAGE_ACCOUNT,),
)
def limit_hierarchical_namespace(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Never on the default account; on additional accounts only where Azure supports it."""
    props = resource.props
    if props.get("isHnsEnabled") is not True:
        return
    kind, sku = str(props.get("kind", "StorageV2")), str(props.get("sku", ""))
    if is_default(props):
        found = "a workspace's default storage account can't have a hierarchical namespace, not even after an upgrade"
        allowed = "false"
        fix = "set 'isHnsEnabled' to false, or list the account under 'ml-workspace:additionalStorageAccounts'"
    elif kind == "Storage" or (sku.startswith("Premium") and kind != "BlockBlobStorage"):
        found = f"an account of kind {kind} with SKU {sku or 'Standard_LRS'} does not support a hierarchical namespace"
        allowed = "false; true only for kind StorageV2 or BlobStorage with a Standard SKU, or for kind BlockBlobStorage"
        fix = "set 'isHnsEnabled' to false, or choose such a kind and SKU"
    else:
        return
    yield Violation(key="isHnsEnabled", value=True, found=found, allowed=allowed, fix=fix)


@rule(
    id="storage-account-require-tls",
    summary="A storage account requires at least TLS 1.2.",
    why="Azure no longer supports older versions.",
    severity=Severity.HIGH,
    source="T4, built-in fe83a0eb",
    fix="Set 'minimumTlsVersion' to 'TLS1_2'.",
    applies_to=(STORAGE_ACCOUNT,),
)
def require_tls(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The minimum TLS version is one that Azure still supports."""
    version = resource.props.get("minimumTlsVersion")
    if version is None or version in TLS_VERSIONS:
        return
    yield Violation(
        key="minimumTlsVersion",
        value=version,
        found="not a minimum TLS version that Azure accepts",
        allowed=one_of(TLS_VERSIONS),
        fix="set 'minimumTlsVersion' to 'TLS1_2'",
    )
