"""Declared properties: names, defaults, and what is derived from them."""

from typing import get_type_hints

import pytest

from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.properties import Derived, azure_name, declared_properties, with_defaults
from infra.rules.resources.resource_properties import RESOURCE_PROPERTIES
from infra.rules.resources.storage_account import StorageAccountProperties
from infra.rules.resources.workspace import WorkspaceProperties


@pytest.mark.parametrize(
    ("attribute", "key"),
    [
        ("id", "resourceId"),
        ("sku", "sku"),
        ("soft_delete_retention_in_days", "softDeleteRetentionInDays"),
        ("minimum_tls_version", "minimumTlsVersion"),
        ("quota_in_gib", "quotaInGiB"),
        ("memory_in_gb", "memoryInGB"),
    ],
)
def test_a_property_has_azure_s_name(attribute: str, key: str) -> None:
    assert azure_name(attribute) == key


def test_every_component_declares_its_properties() -> None:
    assert set(RESOURCE_PROPERTIES) == set(COMPONENT_TYPES)


@pytest.mark.parametrize("type_token", COMPONENT_TYPES)
def test_every_attribute_is_declared_and_documented(type_token: str) -> None:
    declared = declared_properties(RESOURCE_PROPERTIES[type_token])

    assert [entry.attribute for entry in declared.values()] == list(get_type_hints(RESOURCE_PROPERTIES[type_token]))
    assert all(entry.property.doc.endswith(".") for entry in declared.values())


def test_a_default_is_a_value_or_derived_from_other_properties() -> None:
    assert with_defaults(WorkspaceProperties, {"name": "mlw-churn", "sku": "Free"}) == {
        "name": "mlw-churn",
        "sku": "Free",
        "softDeleteRetentionInDays": 0,
        "friendlyName": "mlw-churn",
        "description": "",
    }


@pytest.mark.parametrize(
    ("given", "sku", "versions"),
    [
        ({"role": "default"}, "Standard_LRS", True),
        ({"role": "default", "kind": "Storage"}, "Standard_LRS", False),
        ({"role": "additional", "kind": "FileStorage"}, "Premium_LRS", False),
        ({"role": "additional", "kind": "BlockBlobStorage"}, "Premium_LRS", True),
        ({"role": "additional", "isHnsEnabled": True}, "Standard_LRS", False),
    ],
    ids=["default", "v1", "files", "blocks", "namespace"],
)
def test_defaults_of_a_storage_account_are_those_that_its_kind_can_have(
    given: dict[str, object],
    sku: str,
    versions: bool,  # noqa: FBT001
) -> None:
    props = with_defaults(StorageAccountProperties, given)

    assert (props["sku"], props["blobVersioning"]) == (sku, versions)


@pytest.mark.parametrize("type_token", COMPONENT_TYPES)
def test_properties_from_outside_a_resource_stay_absent(type_token: str) -> None:
    declared = declared_properties(RESOURCE_PROPERTIES[type_token])
    outside = {
        key
        for key, entry in declared.items()
        if isinstance(entry.property.default, Derived) and entry.property.default.of is None
    }

    assert outside >= {"name", "location", "tags", "resourceId"}
    assert set(with_defaults(RESOURCE_PROPERTIES[type_token], {})) == set(declared) - outside
