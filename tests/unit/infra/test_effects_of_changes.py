"""The program does what `docs/settings.md` says of a change: which containers a changed property replaces.

Every changeable property has a case; all that replace nothing are changed in one run of the program.
"""

import json
from typing import Any

import pytest

from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.properties import RESTARTS, declared_properties
from infra.rules.resources.resource_properties import RESOURCE_PROPERTIES
from infra.settings.stack_input import ALL_RESTART, Limit, StackInput
from tests.support.mocks import TOKENS
from tests.unit.infra.test_program import CONFIG, CONTAINER, run_program

ACCOUNT, REGISTRY, VAULT, INSIGHTS = "storageAccount", "containerRegistry", "keyVault", "applicationInsights"
ROLES = {ACCOUNT: "storage", REGISTRY: "registry", VAULT: "vault", INSIGHTS: "store"}
"""Section to the last word of the name of the container that its settings concern."""

ROLES_OF_KEYS = {"applicationInsights.forwardMetricsTo": "insights"}
"""The same of keys that concern another container of their section."""

OTHER_TAGS = {"tags": {"phase": "2"}}
COMPUTE = {"name": "cpu", "type": "AmlCompute"}
BASE: dict[str, Any] = {
    "workload": "churn",
    "tags": {"owner": "a@example.org", "cost-center": "4711", "project": "churn"},
    "datastores": [{"name": "features", "type": "AzureBlob", "container": "features"}],
    "roleAssignments": [{"principal": "dora", "role": "Reader"}],
    "tracking": {},
    "computes": [COMPUTE],
}

CHANGES: dict[str, dict[str, Any]] = {
    "tags": {"tags": {**BASE["tags"], "project": "other"}},
    "roleDefinitions": {},
    "tls": {"tls": True},
    "imageRegistry": {"imageRegistry": "mirror.example.org"},
    "expiresAfter": {"expiresAfter": "7d"},
    "expiresOn": {},
    "allowReplacement": {"allowReplacement": ["x"]},
    "resourceGroup.tags": {"resourceGroup": OTHER_TAGS},
    "storageAccount.tags": {ACCOUNT: OTHER_TAGS},
    "storageAccount.accessTier": {ACCOUNT: {"accessTier": "Cool"}},
    "storageAccount.minimumTlsVersion": {ACCOUNT: {"minimumTlsVersion": "TLS1_2"}},
    "storageAccount.blobVersioning": {ACCOUNT: {"blobVersioning": False}},
    "storageAccount.deleteRetentionDays": {ACCOUNT: {"deleteRetentionDays": 30}},
    "containerRegistry.tags": {REGISTRY: OTHER_TAGS},
    "containerRegistry.sku": {REGISTRY: {"sku": "Standard"}},
    "containerRegistry.adminUserEnabled": {REGISTRY: {"adminUserEnabled": True}},
    "keyVault.tags": {VAULT: OTHER_TAGS},
    "keyVault.sku": {VAULT: {"sku": "premium"}},
    "applicationInsights.tags": {INSIGHTS: OTHER_TAGS},
    "applicationInsights.retentionInDays": {INSIGHTS: {"retentionInDays": 180}},
    "applicationInsights.maximumSizeInGB": {INSIGHTS: {"maximumSizeInGB": 20}},
    "applicationInsights.forwardMetricsTo": {INSIGHTS: {"forwardMetricsTo": "http://prometheus:9090/otlp"}},
    "workspace.tags": {"workspace": OTHER_TAGS},
    "workspace.friendlyName": {"workspace": {"friendlyName": "x"}},
    "workspace.description": {"workspace": {"description": "x"}},
    "workspace.sku": {"workspace": {"sku": "Basic"}},
    "workspace.softDeleteRetentionInDays": {"workspace": {"softDeleteRetentionInDays": 14}},
}
"""Key of each property that changes in place to a change of it.

Empty, or the default, where there is no other value: a file, the other one of two keys of which one may be set.
"""

MORE: tuple[dict[str, Any], ...] = (
    {ACCOUNT: {"sku": "Standard_GRS"}},
    {VAULT: {"enablePurgeProtection": True}},
    {"resourceGroup": {"locks": [{"name": "keep", "level": "CanNotDelete"}]}},
    {"datastores": []},
    {"roleAssignments": []},
    {"computes": []},
    {"computes": [{**COMPUTE, "vmSize": "STANDARD_D2_V2"}, {**COMPUTE, "name": "more"}]},
    {"portRange": {"first": 21000, "last": 22000}},
)
"""Changes that are made in place, of properties whose other changes are rejected, and of whole sections."""


def declared_in_place() -> dict[str, str]:
    """Key of every property whose changes are never rejected, to its effect in the reference."""
    found = {key: one.property for key, one in declared_properties(StackInput).items()}
    for token, section in RESOURCE_PROPERTIES.items():
        prefix = COMPONENT_TYPES[token].section
        found |= {f"{prefix}.{key}": one.property for key, one in declared_properties(section).items()}
    return {
        key: one.effect
        for key, one in found.items()
        if one.settable and one.change is None and not one.effect.startswith("rejected")
    }


@pytest.fixture(scope="module")
def before(event_loops: None) -> dict[str, object]:
    """The definition of each container of the unchanged stack."""
    return containers(BASE)


def containers(settings: dict[str, Any]) -> dict[str, object]:
    """The last word of each container's name to its inputs and its files."""
    config = {f"ml-workspace:{key}": one if isinstance(one, str) else json.dumps(one) for key, one in settings.items()}
    run = run_program({**CONFIG, **config})
    files = {one.name.removesuffix("-files"): one.inputs["files"] for one in run.mocks.of_type(TOKENS["VolumeFiles"])}
    return {
        one.name.rpartition("-")[2]: ({k: v for k, v in one.inputs.items() if k != "labels"}, files[one.name])
        for one in run.mocks.of_type(CONTAINER)
    }


def replaced(before: dict[str, object], *changes: dict[str, Any]) -> set[str]:
    """Containers that several changes at once replace."""
    settings = dict(BASE)
    for change in changes:
        for key, value in change.items():
            held = settings.get(key)
            settings[key] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
    after = containers(settings)
    return {name for name in before if before[name] != after[name]}


def test_every_property_that_changes_in_place_has_a_case() -> None:
    assert set(CHANGES) == set(declared_in_place())


def test_no_change_in_place_replaces_a_container_unless_the_reference_says_so(before: dict[str, object]) -> None:
    effects = declared_in_place()
    quiet = [change for key, change in CHANGES.items() if effects[key] not in {RESTARTS, ALL_RESTART}]
    assert replaced(before, *quiet, *MORE) == set()


def test_changes_that_the_reference_lists_replace_containers(before: dict[str, object]) -> None:
    effects = declared_in_place()
    loud = {key: effect for key, effect in effects.items() if effect in {RESTARTS, ALL_RESTART}}
    assert loud
    for key, effect in loud.items():
        own = {ROLES_OF_KEYS.get(key) or ROLES[key.partition(".")[0]]} if effect == RESTARTS else set(before)
        assert replaced(before, CHANGES[key]) == own, key


@pytest.mark.parametrize(("key", "limit"), [("cpu", {"cpu": 1}), ("memoryInGB", {"memoryInGB": 0.75})])
def test_a_limit_replaces_the_container_that_it_limits(
    before: dict[str, object], key: str, limit: dict[str, float]
) -> None:
    assert declared_properties(Limit)[key].property.effect == RESTARTS
    assert replaced(before, {"limits": {VAULT: limit}}) == {ROLES[VAULT]}
