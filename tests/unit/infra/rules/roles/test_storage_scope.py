"""Ownership of containers in an account that several workspaces use."""

from fnmatch import fnmatchcase

import pytest

from infra.rules.roles.storage_scope import (
    NO_ADMINISTRATION,
    all_exclusions,
    exclusion,
    exclusion_name,
    protecting_settings,
    sharers_scope,
    sharers_user,
    workspace_policy,
)

GUID, OTHER = "01234567-89ab-cdef-0123-456789abcdef", "fedcba98-7654-3210-fedc-ba9876543210"


def reaches(resources: tuple[str, ...], what: str) -> bool:
    """Match as MinIO does: `*` also matches `/`."""
    return any(fnmatchcase(f"arn:aws:s3:::{what}", pattern) for pattern in resources)


@pytest.mark.parametrize(
    "what", [f"azureml-{GUID}", f"code-{GUID}/train.py", "features", "features/a/b", f"{GUID}-scratch/x"]
)
def test_a_sharer_reaches_its_own_containers(what: str) -> None:
    assert reaches(sharers_scope(GUID, ["features"]).resources, what)


@pytest.mark.parametrize(
    "what",
    [
        "azureml",
        "azureml/workspace.json",
        f"azureml/a-{GUID}",
        f"azureml-{OTHER}",
        f"azureml-{OTHER}/{GUID}-x",
        "features2",
        "free",
        f"free/features/x-{GUID}",
    ],
)
def test_a_sharer_reaches_no_foreign_blob_under_any_name(what: str) -> None:
    assert not reaches(sharers_scope(GUID, ["features"]).resources, what)


def test_a_sharers_principal_has_a_name_that_no_principal_of_another_workspace_can_have() -> None:
    assert sharers_user("ana", GUID) != sharers_user("ana", OTHER)
    assert "@" in sharers_user("ana", GUID)


def test_a_sharing_workspace_may_do_everything_at_home_and_administrates_nothing() -> None:
    scope = sharers_scope(GUID, [])

    allowed, denied = workspace_policy(scope)["Statement"]

    assert (allowed["Action"], allowed["Resource"]) == (["s3:*"], list(scope.resources))
    assert denied == NO_ADMINISTRATION


def test_the_owners_principals_have_no_access_to_sharers_containers() -> None:
    sharers = {exclusion_name(one): exclusion([f"azureml-{one}"], one) for one in (GUID, OTHER)}
    everything = {**sharers, "principal-ana": {"Statement": [{"Effect": "Allow"}]}}

    denied = [statement for statement in all_exclusions(everything)["Statement"] if statement != NO_ADMINISTRATION]

    assert {statement["Effect"] for statement in denied} == {"Deny"}
    for one in (GUID, OTHER):
        resources = tuple(resource for statement in denied for resource in statement["Resource"])
        assert reaches(resources, f"azureml-{one}/workspace.json")
        assert reaches(resources, f"{one}-scratch")
        assert not reaches(resources, "azureml/workspace.json")


def test_without_sharers_nothing_is_refused_but_the_administration() -> None:
    assert all_exclusions({"readonly": {"Statement": []}})["Statement"] == [NO_ADMINISTRATION]


def test_settings_of_a_common_container_are_nobodys_to_change() -> None:
    policy = workspace_policy(sharers_scope(GUID, ["features"]))

    assert protecting_settings(policy, []) == policy
    protected = protecting_settings(policy, ["features"])["Statement"][-1]
    assert protected["Effect"] == "Deny"
    assert {"s3:PutBucket*", "s3:DeleteBucket*"} <= set(protected["Action"])
    assert protected["Resource"] == ["arn:aws:s3:::features", "arn:aws:s3:::features/*"]
