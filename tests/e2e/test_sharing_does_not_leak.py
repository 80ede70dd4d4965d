"""Two workspaces in one storage account: the keys and principals of each reach only its own containers.

Everything is tried through outside clients, in both directions: the sharer's keys and principals at the owner's
containers, the owner's principals at the sharer's; and in their own workspace, where the roles allow the usual.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.environment import Environment
from tests.support.object_store import admin_client, s3_client
from tests.support.principals import Person, is_allowed, person
from tests.support.refusals import assert_refused
from tests.support.role_attempts import STORAGE, Admin, Scene
from tests.support.stacks import LiveStack, ephemeral_stack, live_stack
from tests.support.updates import assert_unchanged

COMMON, RECORD = "features", "workspace.json"
ROLES = {"olga": "Owner", "carl": "Contributor", "dora": "DataScientist", "rita": "Reader"}
"""Principals of both workspaces: names that are taken twice in one account."""

ALLOWED = {
    "olga": set(STORAGE),
    "carl": set(STORAGE) - {"deletes a version of a blob", "deletes versions of several blobs"},
    "rita": {"lists containers", "lists artifacts", "reads an artifact", "reads the workspace record"},
}


def datastore(name: str) -> dict[str, str]:
    """A datastore on a container of the same name."""
    return {"name": name, "type": "AzureBlob", "container": name}


def assignments() -> list[dict[str, str]]:
    """One principal of each role."""
    return [{"principal": principal, "role": role} for principal, role in ROLES.items()]


@pytest.fixture(scope="module")
def owner(environment: Environment) -> Iterator[LiveStack]:
    """The workspace whose account is shared; it does not know the other one."""
    stores = [datastore(COMMON), datastore("ledger")]
    with live_stack(environment, datastores=stores, roleAssignments=assignments()) as stack:
        yield stack


@pytest.fixture(scope="module")
def sharer(environment: Environment, owner: LiveStack) -> Iterator[LiveStack]:
    """A workspace in the owner's account that owns everything else."""
    stores = [datastore(COMMON), datastore("guestdata")]
    shared = {"storageAccount": {"existing": owner.stack.name}}
    with live_stack(environment, datastores=stores, roleAssignments=assignments(), **shared) as stack:
        yield stack


@dataclass(frozen=True)
class Workspace:
    """One of the two, with its clients."""

    live: LiveStack
    admin: Admin
    people: Mapping[str, Person]

    @property
    def containers(self) -> set[str]:
        """Its own containers, which the other workspace does not register."""
        return {str(store["container"]) for store in self.live.outputs["datastores"]} - {COMMON}

    def scene(self, marker: str) -> Scene:
        """The targets of the attempts."""
        return Scene(self.admin, marker)


@pytest.fixture(scope="module")
def both(owner: LiveStack, sharer: LiveStack) -> dict[str, Workspace]:
    """The two workspaces by their part in the sharing."""
    return {
        name: Workspace(live, Admin(live.outputs), {who: person(live.outputs, who) for who in ROLES})
        for name, live in (("owner", owner), ("sharer", sharer))
    }


Request = Callable[[Any, str, str], object]
REQUESTS: dict[str, Request] = {
    "lists": lambda s3, bucket, _: s3.list_objects_v2(Bucket=bucket),
    "reads": lambda s3, bucket, key: s3.get_object(Bucket=bucket, Key=key),
    "writes": lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=b"x"),
    "copies into": lambda s3, bucket, key: s3.copy_object(
        Bucket=bucket, Key=f"{key}-2", CopySource={"Bucket": bucket, "Key": key}
    ),
    "lists versions of": lambda s3, bucket, _: s3.list_object_versions(Bucket=bucket),
    "reads the settings of": lambda s3, bucket, _: s3.get_bucket_versioning(Bucket=bucket),
    "deletes from": lambda s3, bucket, key: s3.delete_object(Bucket=bucket, Key=key),
}


def allowed_requests(s3: Any, containers: set[str], key: str) -> set[tuple[str, str]]:  # noqa: ANN401 - boto3
    """Make every request on every container, and return those that were allowed."""
    return {
        (does, bucket)
        for bucket in containers
        for does, request in REQUESTS.items()
        if is_allowed(lambda request=request, bucket=bucket: request(s3, bucket, key))  # type: ignore[misc]
    }


def test_the_sharers_keys_open_its_own_containers_and_none_of_the_owners(
    both: dict[str, Workspace], marker: str
) -> None:
    mine, theirs = both["sharer"], both["owner"]
    for workspace in both.values():
        for bucket in workspace.containers:
            workspace.admin.s3.put_object(Bucket=bucket, Key=marker, Body=b"x")

    s3 = mine.admin.s3

    assert allowed_requests(s3, theirs.containers, marker) == set()
    assert not is_allowed(lambda: s3.get_object(Bucket="azureml", Key=RECORD))
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == mine.containers | {COMMON}
    assert allowed_requests(s3, mine.containers, marker) == {
        (does, one) for does in REQUESTS for one in mine.containers
    }
    assert not is_allowed(lambda: s3.create_bucket(Bucket=marker))
    assert not is_allowed(lambda: admin_client(mine.live.outputs).user_list())
    assert not is_allowed(lambda: admin_client(mine.live.outputs).add_service_account())


def test_a_sharer_does_not_change_the_settings_of_a_container_that_the_owner_registers_too(
    both: dict[str, Workspace], marker: str
) -> None:
    s3 = both["sharer"].admin.s3
    s3.put_object(Bucket=COMMON, Key=marker, Body=b"sharer's")

    assert both["owner"].admin.s3.get_object(Bucket=COMMON, Key=marker)["Body"].read() == b"sharer's"
    assert is_allowed(lambda: both["owner"].people["dora"].s3.get_object(Bucket=COMMON, Key=marker))
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert not is_allowed(lambda: s3.put_bucket_policy(Bucket=COMMON, Policy=policy))
    assert not is_allowed(
        lambda: s3.put_bucket_versioning(Bucket=COMMON, VersioningConfiguration={"Status": "Suspended"})
    )
    assert not is_allowed(lambda: both["sharer"].people["olga"].s3.delete_bucket(Bucket=COMMON))


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("home", ["owner", "sharer"])
def test_principals_see_and_reach_their_own_workspaces_containers_only(
    both: dict[str, Workspace], home: str, who: str, marker: str
) -> None:
    (abroad,) = (workspace for name, workspace in both.items() if name != home)
    for bucket in abroad.containers:
        abroad.admin.s3.put_object(Bucket=bucket, Key=marker, Body=b"x")

    s3 = both[home].people[who].s3

    assert allowed_requests(s3, abroad.containers, marker) == set()
    assert not {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} & abroad.containers


@pytest.mark.parametrize("does", STORAGE)
def test_every_attempt_on_the_other_workspace_is_refused_in_both_directions(
    both: dict[str, Workspace], does: str, marker: str
) -> None:
    let = [
        f"{who} of the {home}"
        for home, abroad in (("owner", "sharer"), ("sharer", "owner"))
        for who, one in both[home].people.items()
        if is_allowed(lambda one=one, abroad=abroad: STORAGE[does](one, both[abroad].scene(marker)))  # type: ignore[misc]
    ]

    assert let == []


@pytest.mark.parametrize("does", STORAGE)
def test_in_their_own_workspace_roles_allow_the_usual(both: dict[str, Workspace], does: str, marker: str) -> None:
    for name, workspace in both.items():
        for who, allowed in ALLOWED.items():
            found = is_allowed(lambda: STORAGE[does](workspace.people[who], workspace.scene(marker)))  # noqa: B023 - at once
            assert found is (does in allowed), f"{who} of the {name}"


def test_the_sharers_state_contains_none_of_the_owners_credentials(owner: LiveStack, sharer: LiveStack) -> None:
    exported = sharer.stack.pulumi("stack export", "--show-secrets").check().stdout

    assert [secret for secret in owner.secrets if secret in exported] == []
    assert sharer.outputs["credentials"]["storage"]["secretKey"] in exported
    assert owner.outputs["credentials"]["storage"]["accessKey"] not in json.dumps(sharer.outputs)


def test_nothing_changes_when_nothing_has_changed(owner: LiveStack, sharer: LiveStack) -> None:
    for live in (owner, sharer):
        assert_unchanged(live.stack.preview())
        assert_unchanged(live.stack.refresh())


def test_a_principal_assigned_later_is_denied_access_as_well(
    owner: LiveStack, both: dict[str, Workspace], marker: str
) -> None:
    abroad = both["sharer"]
    owner.stack.configure(roleAssignments=[*assignments(), {"principal": "late", "role": "Owner"}])
    owner.stack.up().check()
    for bucket in abroad.containers:
        abroad.admin.s3.put_object(Bucket=bucket, Key=marker, Body=b"x")

    late = person(owner.stack.outputs(), "late")

    assert allowed_requests(late.s3, abroad.containers, marker) == set()
    assert is_allowed(lambda: late.s3.list_objects_v2(Bucket="ledger"))
    owner.stack.configure()
    owner.stack.up().check()


@pytest.mark.parametrize("container", ["azureml", "azureml-blobstore-01234567-89ab-cdef-0123-456789abcdef"])
def test_a_sharer_cannot_register_another_workspaces_default_container(
    environment: Environment, owner: LiveStack, container: str
) -> None:
    shared = {"storageAccount": {"existing": owner.stack.name}}
    thief = {**datastore("loot"), "container": container}
    with ephemeral_stack(environment, datastores=[thief], **shared) as stack:
        finished = stack.pulumi("preview")

    assert_refused(finished, f"ml-workspace:datastores[0].container is '{container}'", "another workspace")


def test_containers_of_a_destroyed_sharer_stay_closed_to_the_owners_principals(
    environment: Environment, owner: LiveStack, both: dict[str, Workspace], marker: str
) -> None:
    shared = {"storageAccount": {"existing": owner.stack.name}}
    with live_stack(environment, datastores=[datastore("estate")], **shared) as leaving:
        s3_client(leaving.outputs).put_object(Bucket="estate", Key=marker, Body=b"x")
        keys = s3_client(leaving.outputs)

        leaving.stack.destroy().check()

    assert not is_allowed(lambda: keys.list_objects_v2(Bucket="estate"))
    assert not is_allowed(lambda: both["owner"].people["olga"].s3.get_object(Bucket="estate", Key=marker))
    assert not is_allowed(lambda: both["sharer"].people["olga"].s3.get_object(Bucket="estate", Key=marker))
    assert both["owner"].admin.s3.get_object(Bucket="estate", Key=marker)["Body"].read() == b"x"
    both["owner"].admin.s3.delete_object(Bucket="estate", Key=marker)
