import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.names.name_rules import ResourceKind
from infra.rules.resources.resource_ids import (
    PROVIDER_TYPES,
    check_subscription,
    name_scope,
    parse_resource_id,
    resource_id,
)

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("kind", "tail"),
    [
        (ResourceKind.STORAGE_ACCOUNT, "/providers/Microsoft.Storage/storageAccounts/x"),
        (ResourceKind.CONTAINER_REGISTRY, "/providers/Microsoft.ContainerRegistry/registries/x"),
        (ResourceKind.KEY_VAULT, "/providers/Microsoft.KeyVault/vaults/x"),
        (ResourceKind.APPLICATION_INSIGHTS, "/providers/Microsoft.Insights/components/x"),
        (ResourceKind.WORKSPACE, "/providers/Microsoft.MachineLearningServices/workspaces/x"),
        (ResourceKind.RESOURCE_GROUP, ""),
    ],
    ids=str,
)
def test_id_is_an_azure_id(kind: ResourceKind, tail: str) -> None:
    assert resource_id(SUBSCRIPTION, "rg", kind, "x") == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg{tail}"


@given(
    kind=st.sampled_from([*PROVIDER_TYPES]),
    group=st.from_regex(r"[a-zA-Z0-9_()-]{1,20}", fullmatch=True),
    name=st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True),
)
def test_id_is_parsed_in_any_case(kind: ResourceKind, group: str, name: str) -> None:
    text = resource_id(SUBSCRIPTION, group, kind, name)

    assert str(parse_resource_id(text)) == text
    assert (
        parse_resource_id(text.replace("resourceGroups", "resourcegroups").replace("Microsoft", "microsoft")).kind
        is kind
    )


def test_id_of_a_group_is_read_back() -> None:
    parsed = parse_resource_id(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-x")

    assert (parsed.kind, parsed.name) == (ResourceKind.RESOURCE_GROUP, "rg-x")


@pytest.mark.parametrize(
    "text", ["", "x", "/subscriptions/a", "/subscriptions/a/resourceGroups/b/providers/Microsoft.Storage"]
)
def test_invalid_id_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource id"):
        parse_resource_id(text)


def test_id_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has the unknown type 'Microsoft.Web/sites'"):
        parse_resource_id("/subscriptions/a/resourceGroups/b/providers/Microsoft.Web/sites/c")


@pytest.mark.parametrize(
    "subscription", ["", "prod", SUBSCRIPTION[:-1], SUBSCRIPTION.replace("-", ""), f"{SUBSCRIPTION}\n", "g" * 36]
)
def test_subscription_is_a_guid(subscription: str) -> None:
    assert check_subscription(SUBSCRIPTION) == []
    assert check_subscription("0F8FAD5B-d9cb-469f-a165-70867728950e") == []
    assert "not a GUID" in check_subscription(subscription)[0].message


def test_name_is_unique_within_its_group_and_a_groups_name_within_its_subscription() -> None:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"

    assert name_scope(f"{group}/providers/Microsoft.KeyVault/vaults/kv") == group
    assert name_scope(group) == f"/subscriptions/{SUBSCRIPTION}"
    assert name_scope("") == ""
