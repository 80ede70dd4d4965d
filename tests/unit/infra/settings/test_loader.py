"""What `load` fills in: defaults, names, inherited tags, ids; and how it handles unusual input."""

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.rules.policy.assignments_file import parse_assignments
from infra.rules.policy.policy_assignments import Assignments
from infra.rules.stack.locked_changes import AcceptedStack
from infra.rules.violation import ConfigurationError
from infra.settings import Settings, load
from infra.settings.stack_input import StackInput
from infra.stack_files.stack_file import read_stack_file

FOLDER = Path(__file__).parent / "testdata"
TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "churn"}
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-churn-dev-westeurope-001"


def config(**keys: object) -> dict[str, str]:
    values: dict[str, object] = {"workload": "churn", "tags": TAGS} | keys
    return {
        f"ml-workspace:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


def loaded(**keys: object) -> Settings:
    return load(config(**keys), stack="dev")


def test_minimal_stack_has_the_defaults_of_the_contract() -> None:
    settings = load(read_stack_file(FOLDER / "minimal.yaml"), stack="dev")

    assert (settings.stack, settings.environment, settings.location, settings.instance) == (
        "dev",
        "dev",
        "westeurope",
        "001",
    )
    assert settings.storage_account.props() == {
        "name": "stchurndevwesteurope001",
        "location": "westeurope",
        "tags": TAGS,
        "resourceId": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stchurndevwesteurope001",
        "kind": "StorageV2",
        "sku": "Standard_LRS",
        "isHnsEnabled": False,
        "accessTier": "Hot",
        "minimumTlsVersion": "TLS1_2",
        "blobVersioning": True,
        "deleteRetentionDays": 7,
        "role": "default",
    } | {"tags": settings.storage_account.tags}
    assert settings.port_range.first == 20000
    assert (settings.datastores, settings.additional_storage_accounts, settings.notices) == ((), (), ())


def test_workspace_points_at_the_ids_of_its_four_resources() -> None:
    settings = loaded()

    assert settings.workspace.props() == {
        "name": "mlw-churn-dev-westeurope-001",
        "location": "westeurope",
        "softDeleteRetentionInDays": 0,
        "tags": TAGS,
        "resourceId": settings.workspace.id,
        "friendlyName": "mlw-churn-dev-westeurope-001",
        "description": "",
        "sku": "Basic",
        "storageAccount": settings.storage_account.id,
        "keyVault": settings.key_vault.id,
        "containerRegistry": settings.container_registry.id,
        "applicationInsights": settings.application_insights.id,
    }
    assert settings.resource_group.props() == {
        "name": "rg-churn-dev-westeurope-001",
        "location": "westeurope",
        "tags": TAGS,
        "resourceId": GROUP,
    }


def test_full_stack_keeps_every_value() -> None:
    settings = load(read_stack_file(FOLDER / "full.yaml"), stack="prod")

    assert settings.resource_group.id == "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/rg-churn"
    assert settings.storage_account.tags == TAGS | {"owner": "storage@example.org"}
    assert (settings.storage_account.sku, settings.storage_account.blob_versioning) == ("Standard_ZRS", False)
    assert settings.key_vault.enable_purge_protection
    assert settings.workspace.friendly_name == "Churn"
    assert settings.additional_storage_accounts[0].role == "additional"
    assert [(d.name, d.type, d.container) for d in settings.datastores] == [
        ("features", "AzureBlob", "features"),
        ("code_1", "AzureFile", "code-1"),
    ]
    assert settings.image_registry == "mirror.example.org:5000/ml"
    assert settings.allow_replacement == ("stold",)


def test_location_is_the_resource_groups_by_default_and_a_resources_own_otherwise() -> None:
    settings = loaded(resourceGroup={"location": "North Europe"}, keyVault={"location": "uksouth"})

    assert settings.location == "westeurope"
    assert settings.storage_account.location == settings.resource_group.location == "northeurope"
    assert settings.key_vault.location == "uksouth"


def test_tags_of_the_resource_override_those_of_the_stack() -> None:
    settings = loaded(
        resourceGroup={"tags": {"team": "a", "project": "group"}}, keyVault={"tags": {"Project": "vault", "x": "y"}}
    )

    assert settings.resource_group.tags == TAGS | {"team": "a", "project": "group"}
    assert settings.workspace.tags == TAGS
    assert settings.key_vault.tags == {"owner": TAGS["owner"], "cost-center": "4711", "Project": "vault", "x": "y"}


def test_only_required_tags_are_inherited_from_the_group() -> None:
    many = {f"tag-{number}": "x" for number in range(46)} | {"n" * 512: "x"}
    settings = load(
        {
            "ml-workspace:workload": "churn",
            "ml-workspace:resourceGroup": json.dumps({"tags": TAGS | many}),
            "ml-workspace:storageAccount": json.dumps({"tags": {"owner": "me"}}),
        },
        stack="dev",
    )

    assert len(settings.resource_group.tags) == 50
    assert settings.storage_account.tags == TAGS | {"owner": "me"}


def test_v1_account_keeps_no_versions_and_a_wish_for_them_is_noted() -> None:
    assert not loaded(storageAccount={"kind": "Storage"}).storage_account.blob_versioning
    assert loaded(storageAccount={"kind": "Storage"}).notices == ()

    settings = loaded(storageAccount={"kind": "Storage", "blobVersioning": True})

    assert not settings.storage_account.blob_versioning
    assert "takes effect after an upgrade" in settings.notices[0]


def test_namespace_on_an_additional_account_switches_versions_off_by_default() -> None:
    (account,) = loaded(
        additionalStorageAccounts=[{"name": "stlake", "isHnsEnabled": True}]
    ).additional_storage_accounts

    assert (account.is_hns_enabled, account.blob_versioning, account.sku) == (True, False, "Standard_LRS")


def test_settings_can_not_be_changed() -> None:
    settings = loaded()

    with pytest.raises(ValidationError, match="frozen"):
        settings.workload = "fraud"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.key_vault.sku = "premium"


def test_other_namespaces_are_ignored_and_empty_configuration_names_the_required_keys() -> None:
    with pytest.raises(ConfigurationError, match="4 violations") as caught:
        load({"docker:host": "tcp://x", "pulumi:disable-default-providers": "[]"}, stack="dev")

    assert [violation.key for violation in caught.value.violations] == [
        "ml-workspace:workload",
        "ml-workspace:tags.owner",
        "ml-workspace:tags.cost-center",
        "ml-workspace:tags.project",
    ]


def test_unknown_key_similar_to_a_known_one_suggests_it() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'storageAccount'"):
        loaded(storageAcount={})


def test_exempt_resource_may_break_the_rule_until_the_day_is_over() -> None:
    assignments = with_exemption("resource: '*/storageAccounts/*'")
    wrong = config(storageAccount={"sku": "Premium_LRS"})

    assert (
        load(wrong, stack="x", assignments=assignments, today=dt.date(2027, 1, 31)).storage_account.sku == "Premium_LRS"
    )
    with pytest.raises(ConfigurationError, match="storage-account-limit-sku"):
        load(wrong, stack="x", assignments=assignments, today=dt.date(2027, 2, 1))


def test_exemption_of_another_resource_has_no_effect() -> None:
    with pytest.raises(ConfigurationError, match="assignment 'azure' at management group 'root'"):
        load(
            config(storageAccount={"sku": "Premium_LRS"}),
            stack="x",
            assignments=with_exemption("resource: '*/storageAccounts/other'"),
            today=dt.date(2027, 1, 1),
        )


def with_exemption(resource: str) -> Assignments:
    text = f"""
        managementGroups:
        - name: root
          assignments: [{{name: azure, rule: storage-account-limit-sku}}]
        exemptions:
        - {{name: pilot, assignment: azure, expires: 2027-01-31, reason: budget, {resource}}}
    """
    return parse_assignments(text, file="x")


def test_company_rules_of_the_scope_apply() -> None:
    text = """
        managementGroups:
        - name: root
          subscriptions:
          - id: "*"
            tags: {cost-center: "99", env: sub}
            assignments:
            - {name: inherit, rule: tags-resource-inherit-tags, effect: modify,
               parameters: {source: subscription, mode: always, tags: [cost-center]}}
            - {name: eu, rule: location-resource-limit-allowed, parameters: {allowedLocations: [northeurope]}}
            resourceGroups:
            - name: rg-other-*
              assignments:
              - {name: none, rule: resource-forbid-types, parameters: {forbiddenTypes: [Microsoft.KeyVault/vaults]}}
    """
    assignments = parse_assignments(text, file="x")

    with pytest.raises(ConfigurationError, match=r"northeurope.*assignment 'eu' at subscription '\*'"):
        load(config(), stack="x", assignments=assignments)
    settings = load(config(location="northeurope"), stack="x", assignments=assignments)
    assert settings.key_vault.tags == TAGS | {"cost-center": "99"}
    with pytest.raises(ConfigurationError, match=r"Microsoft\.KeyVault/vaults"):
        load(config(location="northeurope", resourceGroup={"name": "RG-other-1"}), stack="x", assignments=assignments)


def test_a_large_stack_is_evaluated_in_a_fraction_of_a_second() -> None:
    tags = TAGS | {f"tag-{number}": f"value {number}" * 10 for number in range(47)}
    sections = ("storageAccount", "containerRegistry", "keyVault", "applicationInsights", "workspace", "resourceGroup")
    datastores = [
        {"name": f"d{number}", "type": "AzureBlob", "container": f"c-{number}", "tags": tags} for number in range(20)
    ]
    large = config(tags=tags, datastores=datastores, **{section: {"tags": tags} for section in sections})

    started = time.process_time()
    settings = load(large, stack="large")
    seconds = time.process_time() - started

    assert len(settings.datastores) == 20
    assert seconds < 0.3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([str(field.alias) for field in StackInput.model_fields.values()] + ["x"])


@given(values=st.dictionaries(keys, json_values, max_size=6))
def test_any_file_content_is_evaluated_without_a_traceback(values: dict[str, object]) -> None:
    problem = refusal(config(**values))

    assert problem is None or problem.violations


def refusal(given_config: dict[str, str]) -> ConfigurationError | None:
    try:
        load(given_config, stack="any")
    except ConfigurationError as error:
        return error
    return None


@pytest.mark.parametrize(
    "entry",
    [
        {"secretaccesskey": "never-to-be-said-0815"},
        {"secretAccesKey": "never-to-be-said-0815"},
        {"type": "S3", "secretAccessKey": "never-to-be-said-0815"},
        {"type": "AzureBlob", "secretAccessKey": "never-to-be-said-0815"},
        {"type": "S3", "accessKeyId": 8150815, "secretAccessKey": 8150815},
    ],
    ids=["lower case", "misspelt", "in plain text", "of another type", "not text"],
)
def test_secret_of_a_datastore_is_in_no_message(entry: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(datastores=[{"name": "archive", "container": "archive", **entry}])

    assert "ecret" in str(caught.value)
    assert "never-to-be-said-0815" not in str(caught.value)
    assert "8150815" not in str(caught.value)


def test_value_that_is_encrypted_is_in_no_message() -> None:
    given = config(adress="hunter2", keyVault={"sku": "hunter2", "name": "kv-x"}, environment="stages")

    with pytest.raises(ConfigurationError) as caught:
        load(given, stack="x", encrypted=["ml-workspace:adress", "ml-workspace:keyVault.sku"])

    assert [violation.key for violation in caught.value.violations] == [
        "ml-workspace:adress",
        "ml-workspace:environment",
        "ml-workspace:keyVault.sku",
    ]
    assert "hunter2" not in str(caught.value)
    assert "'stages'" in str(caught.value)


def test_unquoted_date_is_read_as_the_string_in_the_file() -> None:
    made_by_the_engine = '{"expires": "2027-06-30 00:00:00 +0000 UTC", "at": "2027-06-30 10:00:00 +0000 UTC"}'

    tags = load(config() | {"ml-workspace:keyVault": f'{{"tags": {made_by_the_engine}}}'}, stack="x").key_vault.tags

    assert (tags["expires"], tags["at"]) == ("2027-06-30", "2027-06-30 10:00:00 +0000 UTC")


@pytest.mark.parametrize("text", ["1" * 5000, "[" * 100_000], ids=["a number of 5000 digits", "100000 lists"])
@pytest.mark.parametrize("key", ["tags", "tls", "datastores"])
def test_text_that_json_cannot_represent_is_rejected_like_any_other(key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"ml-workspace:{key} is .* characters\\): found a string, expected"):
        load(config() | {f"ml-workspace:{key}": text}, stack="x")


def test_suggested_workload_is_valid_for_every_missing_name() -> None:
    wrong = {"workload": "a_b_c", "environment": "stage", "location": "australiacentral2", "instance": "12345678"}

    with pytest.raises(ConfigurationError, match=r"(?s)1 violation.*set 'ml-workspace:workload' to e\.g\. 'a' "):
        loaded(**wrong)
    assert loaded(**wrong | {"workload": "a"}).key_vault.name == "kv-a-stage-acl2-12345678"


def test_location_other_than_the_groups_is_rejected_if_the_rule_is_assigned() -> None:
    text = """
        managementGroups:
        - name: root
          assignments: [{name: together, rule: location-resource-require-same-as-group}]
    """
    together = parse_assignments(text, file="x")

    with pytest.raises(ConfigurationError, match=r"keyVault\.location is 'uksouth': its resource group is in northe"):
        load(config(location="northeurope", keyVault={"location": "uksouth"}), stack="x", assignments=together)
    assert load(
        config(resourceGroup={"location": "uksouth"}, keyVault={"location": "UK South"}),
        stack="x",
        assignments=together,
    )


def test_resource_that_is_exempt_from_inheritance_inherits_no_tag() -> None:
    text = """
        managementGroups:
        - name: root
          assignments: [{name: inherited, rule: tags-resource-inherit-tags, effect: modify}]
        exemptions:
        - {name: own, assignment: inherited, resource: "*/vaults/*", expires: 2027-01-31, reason: billed elsewhere}
    """
    given = config(tags={}, resourceGroup={"tags": {"project": "churn"}})

    settings = load(given, stack="x", assignments=parse_assignments(text, file="x"), today=dt.date(2027, 1, 31))

    assert settings.workspace.tags == {"project": "churn"}
    assert settings.key_vault.tags == {}


LOCATIONS = """
managementGroups:
  - name: organization
    assignments:
      - {name: eu, rule: location-resource-limit-allowed, parameters: {allowedLocations: [westeurope]}}
"""


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({"location": "brazilsouth"}, ["location"]),
        ({"resourceGroup": {"location": "brazilsouth"}}, ["resourceGroup.location"]),
        ({"location": "brazilsouth", "keyVault": {"location": "westus"}}, ["location", "keyVault.location"]),
    ],
    ids=["of the stack", "of the group", "of the stack and of a resource"],
)
def test_an_inherited_location_is_reported_once_at_its_key(changed: dict[str, object], keys: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(config(**changed), stack="x", assignments=parse_assignments(LOCATIONS, file="a.yaml"))

    assert [violation.key for violation in caught.value.violations] == [f"ml-workspace:{key}" for key in keys]
    assert all(f"set '{violation.key}' to 'westeurope'" in violation.message for violation in caught.value.violations)


class TestTracking:
    """An optional service: off without its section, and never switched off with its data unasked."""

    ON = AcceptedStack(services={"tracking": "mlw-churn-dev-westeurope-001-tracking"})

    def test_it_is_off_without_its_section(self) -> None:
        assert loaded().tracking is None
        assert "tracking" not in loaded().limits

    def test_an_empty_section_switches_it_on(self) -> None:
        found = loaded(tracking={})

        assert found.tracking
        assert found.tracking.soft_delete_retention_in_days == 30
        assert "tracking" in found.limits

    def test_roles_have_its_operations_only_where_it_is_on(self) -> None:
        assigned, reads = [{"principal": "ana", "role": "Reader"}], f"{WORKSPACES}/runs/read"

        assert reads not in loaded(roleAssignments=assigned).role_assignments[0].operations
        assert reads in loaded(roleAssignments=assigned, tracking={}).role_assignments[0].operations

    def test_a_limit_of_a_service_that_is_off_is_pointed_out(self) -> None:
        limits = {"tracking": {"cpu": 1}}

        (notice,) = loaded(limits=limits).notices
        assert "'ml-workspace:tracking: {}' switches the tracking server on" in notice
        assert loaded(limits=limits, tracking={}).notices == ()

    def test_a_removed_section_is_rejected_once(self) -> None:
        with pytest.raises(ConfigurationError, match="would be deleted with its experiments") as caught:
            load(config(), stack="dev", accepted=self.ON)

        assert len(caught.value.violations) == 1
        assert load(config(tracking={}), stack="dev", accepted=self.ON).tracking

    def test_a_removed_section_passes_if_the_stack_allows_it(self) -> None:
        allowed = ["mlw-churn-dev-westeurope-001-tracking"]

        assert load(config(allowReplacement=allowed), stack="dev", accepted=self.ON).tracking is None

    def test_a_mistake_in_its_section_is_not_taken_for_its_removal(self) -> None:
        with pytest.raises(ConfigurationError, match="expected a mapping") as caught:
            load(config(tracking=True), stack="dev", accepted=self.ON)

        assert len(caught.value.violations) == 1
