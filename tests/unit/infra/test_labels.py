"""Labels: the owner of an object, and how messages describe it."""

import pytest

from infra import labels

OURS = {labels.ID: "1a", labels.STACK: "dev", labels.MADE_BY: "ada@host, backend file:///a, since 2026-11-29 10:00 UTC"}


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        pytest.param(OURS, True, id="ours"),
        pytest.param({**OURS, labels.STACK: "renamed"}, True, id="ours, from before the stack was renamed"),
        pytest.param({**OURS, labels.ID: "2b"}, False, id="a stack of the same name"),
        pytest.param({labels.STACK: "dev"}, False, id="only the name"),
        pytest.param({}, False, id="no labels"),
    ],
)
def test_the_identity_alone_decides_whose_an_object_is(found: dict[str, str], *, is_ours: bool) -> None:
    assert labels.belongs_to(found, "1a") is is_ours


EARLIER = {
    labels.STACK: "dev",
    labels.BACKEND: "0123456789ab",
    labels.RESOURCE_ID: "/subscriptions/s/resourceGroups/rg-dev/providers/Microsoft.KeyVault/vaults/kv-dev",
}


def test_all_objects_of_a_stack_without_identity_lead_to_the_same_one() -> None:
    group = {**EARLIER, labels.RESOURCE_ID: "/subscriptions/s/resourceGroups/RG-dev"}
    assert labels.identity_of(EARLIER) == labels.identity_of(group)
    assert labels.belongs_to(EARLIER, labels.identity_of(group))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({labels.STACK: "test"}, id="another stack"),
        pytest.param({labels.BACKEND: "ba9876543210"}, id="another backend"),
        pytest.param({labels.RESOURCE_ID: "/subscriptions/s/resourceGroups/rg-test"}, id="another group"),
        pytest.param({labels.ID: "1a"}, id="a stack with an identity"),
        pytest.param({labels.BACKEND: ""}, id="no backend"),
    ],
)
def test_it_belongs_to_no_other_stack(other: dict[str, str]) -> None:
    assert not labels.belongs_to({**EARLIER, **other}, labels.identity_of(EARLIER))


def test_an_owner_older_than_identities_is_reported_as_one() -> None:
    assert labels.describe_owner(EARLIER) == "stack 'dev' of an earlier version of this project"


def test_objects_without_an_owner_belong_to_no_stack() -> None:
    assert not labels.belongs_to({}, "")


def test_an_owner_is_described_by_name_user_and_backend() -> None:
    assert labels.describe_owner(OURS) == f"stack 'dev' of {OURS[labels.MADE_BY]}"


def test_objects_without_an_identity_count_as_foreign() -> None:
    assert labels.describe_owner({labels.STACK: "dev"}) == "not created by this project"
