"""Resources that another stack owns: used and evaluated with their real properties, never changed."""

import json

import pytest

from infra.rules.resources import component_types as r
from infra.rules.stack.deployed_resources import Deployed
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.violation import ConfigurationError
from infra.settings import load

TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "fraud"}
SECTIONS = {
    "storageAccount": (r.STORAGE_ACCOUNT, "storage_account"),
    "containerRegistry": (r.CONTAINER_REGISTRY, "container_registry"),
    "keyVault": (r.KEY_VAULT, "key_vault"),
    "applicationInsights": (r.APPLICATION_INSIGHTS, "application_insights"),
}


def config(**keys: object) -> dict[str, str]:
    values: dict[str, object] = {"workload": "fraud", "tags": TAGS} | keys
    return {
        f"ml-workspace:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


CHURN = load(config(workload="churn", additionalStorageAccounts=[{"name": "stlake"}]), stack="churn")


def deployed(**storage: object) -> list[Deployed]:
    """The resources of the stack `churn`; ``storage`` changes its default storage account."""
    settings = CHURN
    account = settings.storage_account.props() | storage
    return [
        Deployed("churn", r.STORAGE_ACCOUNT, settings.additional_storage_accounts[0].props()),
        Deployed("churn", r.STORAGE_ACCOUNT, account),
        Deployed("churn", r.CONTAINER_REGISTRY, settings.container_registry.props()),
        Deployed("churn", r.KEY_VAULT, settings.key_vault.props()),
        Deployed("churn", r.APPLICATION_INSIGHTS, settings.application_insights.props()),
        Deployed("churn", r.RESOURCE_GROUP, settings.resource_group.props()),
        Deployed("churn", r.WORKSPACE, settings.workspace.props()),
    ]


def refused(message: str, given: dict[str, str], others: list[Deployed]) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(given, stack="fraud", deployed=others)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("by_id", [True, False], ids=["by id", "by stack"])
def test_existing_resource_of_another_stack_is_used(section: str, *, by_id: bool) -> None:
    owned = getattr(CHURN, SECTIONS[section][1])
    reference = (
        owned.id.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/") if by_id else "organization/ml-workspace/churn"
    )

    settings = load(config(**{section: {"existing": reference}}), stack="fraud", deployed=deployed())

    shared = getattr(settings, SECTIONS[section][1])
    assert (shared.id, shared.name, shared.tags, shared.existing_in) == (owned.id, owned.name, owned.tags, "churn")
    assert settings.workspace.props()[section] == owned.id
    assert settings.resource_group.existing_in == settings.workspace.existing_in == ""


def test_every_resource_may_be_brought_along_at_once() -> None:
    settings = load(config(**{name: {"existing": "churn"} for name in SECTIONS}), stack="fraud", deployed=deployed())

    assert settings.storage_account.name == CHURN.storage_account.name
    assert settings.workspace.name == "mlw-fraud-dev-westeurope-001"


def test_resource_that_no_stack_has_is_refused_with_those_that_there_are() -> None:
    refused(
        r"keyVault\.existing is 'nowhere'.*no stack of this backend has this key vault; allowed: '/subsc",
        config(keyVault={"existing": "nowhere"}),
        deployed(),
    )
    refused("no other stack has a key vault", config(keyVault={"existing": "churn"}), [])


def test_properties_next_to_a_reference_are_rejected() -> None:
    refused(
        r"ml-workspace:keyVault\.sku: the resource belongs to another stack",
        config(keyVault={"existing": "churn", "sku": "premium"}),
        deployed(),
    )


@pytest.mark.parametrize(
    ("changed", "rule"),
    [({"isHnsEnabled": True}, "hierarchical-namespace"), ({"sku": "Premium_LRS"}, "storage-account-limit-sku")],
    ids=str,
)
def test_real_properties_of_a_shared_account_are_evaluated(changed: dict[str, object], rule: str) -> None:
    refused(rule, config(storageAccount={"existing": "churn"}), deployed(**changed))


def test_additional_account_becomes_a_default_one_only_if_it_may_be_one() -> None:
    identity = CHURN.additional_storage_accounts[0].id

    settings = load(config(storageAccount={"existing": identity}), stack="fraud", deployed=deployed())

    assert (settings.storage_account.name, settings.storage_account.role) == ("stlake", "default")


def test_resource_of_another_subscription_is_refused() -> None:
    refused(
        "it is not in the workspace's subscription",
        config(keyVault={"existing": "churn"}, subscription="0f8fad5b-d9cb-469f-a165-70867728950e"),
        deployed(),
    )


def test_global_name_of_another_stack_is_taken_and_a_group_name_is_not() -> None:
    refused(
        r"keyVault\.name is 'KV-churn-dev-we-001': stack 'churn' already has the key vault",
        config(keyVault={"name": "KV-churn-dev-we-001"}),
        deployed(),
    )
    shared_name = config(applicationInsights={"name": CHURN.application_insights.name})
    assert load(shared_name, stack="fraud", deployed=deployed()).application_insights.name.startswith("appi-churn")


def test_resource_group_of_another_stack_is_taken_in_the_same_subscription_only() -> None:
    group = {"name": CHURN.resource_group.name.upper()}

    refused(r"resourceGroup\.name", config(resourceGroup=group), deployed())
    elsewhere = config(resourceGroup=group, subscription="0f8fad5b-d9cb-469f-a165-70867728950e")
    assert load(elsewhere, stack="fraud", deployed=deployed()).resource_group.name == group["name"]


def test_change_that_would_lose_data_is_refused_together_with_everything_else() -> None:
    account = CHURN.storage_account.props()
    accepted = AcceptedStack(resources={"storageAccount": {"type": r.STORAGE_ACCOUNT, "properties": account}})
    renamed = config(storageAccount={"name": "stother"}, environment="qa")

    with pytest.raises(ConfigurationError, match="2 violations") as refusal:
        load(renamed, stack="churn", accepted=accepted)

    assert f"it was '{account['name']}', and a name can't be changed" in str(refusal.value)
    allowed = config(storageAccount={"name": "stother"}, allowReplacement=[account["name"]])
    assert load(allowed, stack="churn", accepted=accepted).storage_account.name == "stother"


def test_roles_need_a_key_vault_of_the_stacks_own() -> None:
    given = config(
        keyVault={"existing": "organization/ml-workspace/churn"},
        roleAssignments=[{"principal": "ana", "role": "Reader"}],
    )

    refused(
        r"roleAssignments: the stack's key vault belongs to stack 'churn'.*assign the roles in stack 'churn'",
        given,
        deployed(),
    )


def test_roles_grant_nothing_in_a_service_of_another_stack_and_a_notice_says_so() -> None:
    given = config(
        containerRegistry={"existing": "organization/ml-workspace/churn"},
        roleAssignments=[{"principal": "ana", "role": "Reader"}],
    )

    (notice,) = load(given, stack="fraud", deployed=deployed()).notices

    assert "no access to the container registry 'crchurndevwesteurope001': it belongs to stack 'churn'" in notice


def test_without_roles_nothing_is_said_about_services_of_other_stacks() -> None:
    given = config(containerRegistry={"existing": "organization/ml-workspace/churn"})

    assert load(given, stack="fraud", deployed=deployed()).notices == ()
