"""Storage accounts: every combination of kind, SKU and role against a literal table of what Azure accepts."""

import itertools

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources import blob_service, storage_account
from infra.rules.resources.component_types import STORAGE_ACCOUNT
from infra.rules.violation import Violation

GOOD: dict[str, object] = {
    "kind": "StorageV2",
    "sku": "Standard_LRS",
    "isHnsEnabled": False,
    "accessTier": "Hot",
    "minimumTlsVersion": "TLS1_2",
    "blobVersioning": True,
    "deleteRetentionDays": 7,
    "role": "default",
}
STANDARD = {
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
}
PREMIUM = {"Premium_LRS", "Premium_ZRS"}
NOT_ZONAL = {"Standard_LRS", "Standard_GRS", "Standard_RAGRS"}
DEFAULT_ROLE = {"StorageV2": STANDARD, "Storage": NOT_ZONAL}
ADDITIONAL_ROLE = {
    "StorageV2": STANDARD | PREMIUM,
    "Storage": NOT_ZONAL | {"Premium_LRS"},
    "BlobStorage": NOT_ZONAL,
    "BlockBlobStorage": PREMIUM,
    "FileStorage": PREMIUM,
}
ACCOUNT_KINDS = ["StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage", "storagev2", "DataLake"]
SKUS = [*sorted(STANDARD | PREMIUM), "Premium_GRS", "Standard_XRS", "standard_lrs", ""]


def account(**changed: object) -> dict[str, object]:
    return GOOD | changed


def additional(**changed: object) -> dict[str, object]:
    return GOOD | {"role": "additional", "blobVersioning": False} | changed


ADVICE = {blob_service.require_versioning, blob_service.require_soft_delete}
RULES = [
    rule
    for rule in (*vars(storage_account).values(), *vars(blob_service).values())
    if isinstance(rule, Rule) and rule not in ADVICE
]


def violations(props: dict[str, object]) -> list[Violation]:
    """The violations of Azure's rules for storage accounts, without an organization's additional rules."""
    return [violation for rule in RULES for violation in rule.check(ResourceView(STORAGE_ACCOUNT, props))]


@pytest.mark.parametrize(("kind", "sku"), list(itertools.product(ACCOUNT_KINDS, SKUS)))
def test_default_account_allows_exactly_these_kinds_and_skus(kind: str, sku: str) -> None:
    allowed = sku in DEFAULT_ROLE.get(kind, set())

    assert (violations(account(kind=kind, sku=sku, blobVersioning=False)) == []) == allowed


@pytest.mark.parametrize(("kind", "sku"), list(itertools.product(ACCOUNT_KINDS, SKUS)))
def test_additional_account_allows_exactly_these_kinds_and_skus(kind: str, sku: str) -> None:
    allowed = sku in ADDITIONAL_ROLE.get(kind, set())

    assert (violations(additional(kind=kind, sku=sku)) == []) == allowed


@pytest.mark.parametrize(
    ("changed", "key", "cause"),
    [
        ({"kind": "BlobStorage"}, "kind", "both blobs and files"),
        ({"kind": "BlockBlobStorage", "sku": "Premium_LRS"}, "kind", "both blobs and files"),
        ({"kind": "FileStorage", "sku": "Premium_LRS"}, "kind", "both blobs and files"),
        ({"kind": "storageV2"}, "kind", "set 'kind' to 'StorageV2'"),
        ({"sku": "Premium_LRS"}, "sku", "can't be Premium"),
        ({"sku": "Premium_GRS"}, "sku", "can't be Premium"),
        ({"sku": "standard_zrs"}, "sku", "set 'sku' to 'Standard_ZRS'"),
        (
            {"kind": "Storage", "sku": "Standard_ZRS", "blobVersioning": False},
            "sku",
            "kind Storage does not support this SKU",
        ),
        ({"isHnsEnabled": True}, "isHnsEnabled", "can't have a hierarchical namespace"),
        ({"isHnsEnabled": True, "kind": "Storage"}, "isHnsEnabled", "not even after an upgrade"),
        ({"accessTier": "Premium"}, "accessTier", "only accounts with a Premium SKU"),
        ({"accessTier": "Archive"}, "accessTier", "unknown access tier"),
        ({"accessTier": "cool"}, "accessTier", "set 'accessTier' to 'Cool'"),
        ({"accessTier": "Cool", "kind": "Storage"}, "accessTier", "kind Storage does not support this access tier"),
        ({"minimumTlsVersion": "TLS1_0"}, "minimumTlsVersion", "TLS1_2"),
        ({"minimumTlsVersion": "TLS1_1"}, "minimumTlsVersion", "TLS1_2"),
        ({"minimumTlsVersion": "1.2"}, "minimumTlsVersion", "TLS1_2"),
        ({"deleteRetentionDays": 0}, "deleteRetentionDays", "1-365 days"),
        ({"deleteRetentionDays": 366}, "deleteRetentionDays", "1-365 days"),
        ({"deleteRetentionDays": -1}, "deleteRetentionDays", "1-365 days"),
    ],
    ids=str,
)
def test_default_account_is_refused_with_one_violation(changed: dict[str, object], key: str, cause: str) -> None:
    (violation,) = violations(account(**changed))

    assert violation.key == key
    assert cause in violation.message


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"kind": "Storage", "blobVersioning": False},
        {"sku": "Standard_RAGZRS"},
        {"accessTier": "Cool"},
        {"accessTier": "Cold"},
        {"kind": "Storage", "accessTier": "Hot"},
        {"blobVersioning": False},
        {"deleteRetentionDays": 1},
        {"deleteRetentionDays": 365},
    ],
    ids=str,
)
def test_default_account_passes(changed: dict[str, object]) -> None:
    assert violations(account(**changed)) == []


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"isHnsEnabled": True, "blobVersioning": True}, "blobVersioning"),
        ({"isHnsEnabled": True, "sku": "Premium_LRS"}, "isHnsEnabled"),
        ({"isHnsEnabled": True, "kind": "FileStorage", "sku": "Premium_LRS"}, "isHnsEnabled"),
        ({"isHnsEnabled": True, "kind": "Storage"}, "isHnsEnabled"),
        ({"kind": "FileStorage", "sku": "Premium_ZRS", "blobVersioning": True}, "blobVersioning"),
        ({"kind": "BlockBlobStorage", "sku": "Premium_LRS", "accessTier": "Cool"}, "accessTier"),
        ({"kind": "StorageV2", "accessTier": "Premium"}, "accessTier"),
    ],
    ids=str,
)
def test_additional_account_is_refused_with_one_violation(changed: dict[str, object], key: str) -> None:
    (violation,) = violations(additional(**changed))

    assert violation.key == key


@pytest.mark.parametrize(
    "changed",
    [
        {"isHnsEnabled": True},
        {"isHnsEnabled": True, "sku": "Standard_GZRS", "accessTier": "Cold"},
        {"isHnsEnabled": True, "kind": "BlockBlobStorage", "sku": "Premium_LRS", "accessTier": "Premium"},
        {"kind": "BlockBlobStorage", "sku": "Premium_ZRS", "blobVersioning": True, "accessTier": "Hot"},
        {"kind": "FileStorage", "sku": "Premium_LRS"},
        {"kind": "StorageV2", "sku": "Premium_LRS"},
        {"kind": "BlobStorage", "accessTier": "Cool", "blobVersioning": True},
    ],
    ids=str,
)
def test_additional_account_passes(changed: dict[str, object]) -> None:
    assert violations(additional(**changed)) == []


def test_account_without_a_role_counts_as_the_default_one() -> None:
    assert [violation.key for violation in violations({"sku": "Premium_LRS"})] == ["sku"]


def test_absent_properties_break_nothing() -> None:
    assert violations({}) == []


@pytest.mark.parametrize("odd", [{}, []], ids=["mapping", "list"])
def test_kind_and_sku_of_an_odd_type_are_refused(odd: object) -> None:
    account = ResourceView(STORAGE_ACCOUNT, GOOD | {"kind": odd, "sku": odd})

    found = [violation.key for rule in (*RULES, *ADVICE) for violation in rule.check(account)]

    assert sorted(found) == ["kind", "sku"]
