"""One compliant resource of each type, and what breaks each rule: the data of the rules' tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.rules.resources import component_types as r

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-churn-dev-001"
TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "churn"}


def _common(name: str, provider: str) -> dict[str, object]:
    identity = f"{GROUP}/providers/{provider}/{name}" if provider else GROUP
    return {"name": name, "location": "westeurope", "tags": TAGS, "resourceId": identity}


COMPLIANT: dict[str, dict[str, object]] = {
    r.RESOURCE_GROUP: _common("rg-churn-dev-001", ""),
    r.STORAGE_ACCOUNT: _common("stchurn", "Microsoft.Storage/storageAccounts")
    | {"kind": "StorageV2", "sku": "Standard_LRS", "isHnsEnabled": False, "accessTier": "Hot", "role": "default"}
    | {"minimumTlsVersion": "TLS1_2", "blobVersioning": True, "deleteRetentionDays": 7.0},
    r.CONTAINER_REGISTRY: _common("crchurn", "Microsoft.ContainerRegistry/registries")
    | {"sku": "Basic", "adminUserEnabled": True},
    r.KEY_VAULT: _common("kv-churn", "Microsoft.KeyVault/vaults")
    | {"sku": "standard", "softDeleteRetentionInDays": 90.0, "enablePurgeProtection": True},
    r.APPLICATION_INSIGHTS: _common("appi-churn", "Microsoft.Insights/components")
    | {"retentionInDays": 90.0, "maximumSizeInGB": 10.0},
    r.WORKSPACE: _common("mlw-churn", "Microsoft.MachineLearningServices/workspaces")
    | {"sku": "Basic", "friendlyName": "Churn", "description": "", "storageAccount": "a", "keyVault": "b"}
    | {"containerRegistry": "c", "applicationInsights": "d"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """How a rule is broken.

    Attributes:
        type_token: Type of the resource that the rule evaluates.
        broken: Properties that break the rule, merged over the compliant ones.
        reads: The property that the rule evaluates.
        says: What the message must contain.
        parameters: Parameters of the assignment, if the defaults require nothing.
        compliant: Whether the compliant resource passes with these parameters.
    """

    type_token: str
    broken: Mapping[str, object]
    reads: str
    says: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    compliant: bool = True


CASES: dict[str, Case] = {
    "resource-require-properties": Case(
        type_token=r.KEY_VAULT, broken={"sku": 5}, reads="sku", says="it is not a string"
    ),
    "naming-resource-group-require-legal-name": Case(
        type_token=r.RESOURCE_GROUP, broken={"name": "rg."}, reads="name", says="ends with '.'"
    ),
    "naming-storage-account-require-legal-name": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"name": "st-x"}, reads="name", says="contains '-'"
    ),
    "naming-container-registry-require-legal-name": Case(
        type_token=r.CONTAINER_REGISTRY, broken={"name": "cr"}, reads="name", says="2 characters"
    ),
    "naming-key-vault-require-legal-name": Case(
        type_token=r.KEY_VAULT, broken={"name": "1kv"}, reads="name", says="starts with '1'"
    ),
    "naming-application-insights-require-legal-name": Case(
        type_token=r.APPLICATION_INSIGHTS, broken={"name": "a b"}, reads="name", says="a space"
    ),
    "naming-workspace-require-legal-name": Case(
        type_token=r.WORKSPACE, broken={"name": "m" * 34}, reads="name", says="34 characters"
    ),
    "naming-resource-require-pattern": Case(
        type_token=r.KEY_VAULT, broken={"name": "vault1"}, reads="name", says="kv-[a-z]+",
        parameters={"patterns": {"keyVault": "kv-[a-z]+"}},
    ),
    "location-resource-require-known-region": Case(
        type_token=r.WORKSPACE, broken={"location": "atlantis"}, reads="location", says="unknown Azure region"
    ),
    "location-resource-limit-allowed": Case(
        type_token=r.RESOURCE_GROUP, broken={"location": "eastus"}, reads="location", says="West Europe",
        parameters={"allowedLocations": ["West Europe"]},
    ),
    "location-resource-require-same-as-group": Case(
        type_token=r.KEY_VAULT, broken={"location": "northeurope"}, reads="location",
        says="its resource group is in westeurope",
    ),
    "resource-limit-skus": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"sku": "Standard_GRS"}, reads="sku", says="Standard_LRS",
        parameters={"allowedSkus": {"storageAccount": ["Standard_LRS"]}},
    ),
    "resource-forbid-types": Case(
        type_token=r.CONTAINER_REGISTRY, broken={}, reads="", says="Microsoft.ContainerRegistry/registries",
        parameters={"forbiddenTypes": ["microsoft.containerregistry/registries"]}, compliant=False,
    ),
    "tags-resource-limit-count": Case(
        type_token=r.KEY_VAULT, broken={"tags": {f"t{n}": "x" for n in range(51)}}, reads="tags", says="51 tags"
    ),
    "tags-resource-require-legal-name": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"tags": {"n" * 129: "x"}}, reads="tags", says="129 characters"
    ),
    "tags-resource-require-legal-value": Case(
        type_token=r.KEY_VAULT, broken={"tags": {"a": 5.0}}, reads="tags", says="a number, not a string"
    ),
    "tags-resource-forbid-case-twins": Case(
        type_token=r.KEY_VAULT, broken={"tags": {"A": "x", "a": "y"}}, reads="tags", says="A and a"
    ),
    "tags-resource-forbid-secrets": Case(
        type_token=r.KEY_VAULT, broken={"tags": {"password": "hunter2"}}, reads="tags", says="looks like a secret"
    ),
    "tags-resource-require-tags": Case(
        type_token=r.WORKSPACE, broken={"tags": {"owner": ""}}, reads="tags", says="required tag 'Owner'",
        parameters={"tags": {"Owner": {}, "cost-center": {"pattern": "[0-9]{4}"}}},
    ),
    "storage-account-limit-kind": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"kind": "FileStorage"}, reads="kind", says="both blobs and files"
    ),
    "storage-account-limit-sku": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"sku": "Premium_LRS"}, reads="sku", says="can't be Premium"
    ),
    "storage-account-limit-hierarchical-namespace": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"isHnsEnabled": True}, reads="isHnsEnabled", says="hierarchical namespace"
    ),
    "storage-account-limit-versioning": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"role": "additional", "isHnsEnabled": True}, reads="blobVersioning",
        says="blob versioning can't be on",
    ),
    "storage-account-limit-access-tier": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"accessTier": "Archive"}, reads="accessTier", says="Hot, Cool, Cold"
    ),
    "storage-account-require-tls": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"minimumTlsVersion": "TLS1_0"}, reads="minimumTlsVersion", says="TLS1_2"
    ),
    "storage-account-limit-retention": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"deleteRetentionDays": 366.0}, reads="deleteRetentionDays",
        says="is 366: outside",
    ),
    "storage-account-require-versioning": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"blobVersioning": False}, reads="blobVersioning", says="are lost"
    ),
    "storage-account-require-soft-delete": Case(
        type_token=r.STORAGE_ACCOUNT, broken={"deleteRetentionDays": 3.0}, reads="deleteRetentionDays",
        says="at least 7 days",
    ),
    "key-vault-limit-sku": Case(
        type_token=r.KEY_VAULT, broken={"sku": "Standard"}, reads="sku", says="set 'sku' to 'standard'"
    ),
    "key-vault-limit-retention": Case(
        type_token=r.KEY_VAULT, broken={"softDeleteRetentionInDays": 6.0}, reads="softDeleteRetentionInDays",
        says="is 6: outside",
    ),
    "key-vault-require-purge-protection": Case(
        type_token=r.KEY_VAULT, broken={"enablePurgeProtection": False}, reads="enablePurgeProtection", says="purged"
    ),
    "container-registry-limit-sku": Case(
        type_token=r.CONTAINER_REGISTRY, broken={"sku": "Classic"}, reads="sku", says="Basic, Standard, Premium"
    ),
    "container-registry-require-admin-user": Case(
        type_token=r.CONTAINER_REGISTRY, broken={"adminUserEnabled": False}, reads="adminUserEnabled",
        says="without the admin account",
    ),
    "container-registry-forbid-admin-user": Case(
        type_token=r.CONTAINER_REGISTRY, broken={"adminUserEnabled": True}, reads="adminUserEnabled",
        says="shared by all its users", compliant=False,
    ),
    "application-insights-limit-retention": Case(
        type_token=r.APPLICATION_INSIGHTS, broken={"retentionInDays": 45.0}, reads="retentionInDays", says="is 45"
    ),
    "application-insights-limit-size": Case(
        type_token=r.APPLICATION_INSIGHTS, broken={"maximumSizeInGB": 0.0}, reads="maximumSizeInGB", says="is 0"
    ),
    "application-insights-limit-metrics-target": Case(
        type_token=r.APPLICATION_INSIGHTS, broken={"forwardMetricsTo": "prometheus:9090"}, reads="forwardMetricsTo",
        says="no user, password or query",
    ),
    "workspace-limit-sku": Case(
        type_token=r.WORKSPACE, broken={"sku": "Free"}, reads="sku", says="set 'sku' to 'Basic'"
    ),
}  # fmt: skip
