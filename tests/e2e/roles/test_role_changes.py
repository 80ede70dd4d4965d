"""Assignments that change while all principals are active: effective immediately in every service, for no one else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from docker import DockerClient

from tests.e2e.roles.conftest import assignments
from tests.support.ca_certificates import ca_file
from tests.support.object_store import CONFIG
from tests.support.principals import Person, is_allowed, person
from tests.support.role_attempts import DOORS, KEY_VAULT, REGISTRY, STORAGE, TELEMETRY, WRITES, Admin, Attempt, Scene
from tests.support.stacks import LiveStack
from tests.support.updates import Update, assert_unchanged
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Change:
    """An update that removed an assignment, changed one and added one."""

    update: Update
    outputs: dict[str, Any]
    """The stack's outputs after it."""

    before: dict[str, str]
    after: dict[str, str]
    temporary: dict[str, str]
    """Credentials of the leaver that the storage account made for an hour."""

    link: str
    """A link that the leaver signed for an hour."""


@pytest.fixture(scope="module")
def change(roles_stack: LiveStack, people: dict[str, Person], roles_admin: Admin, engine: DockerClient) -> Change:
    """Change the assignments while all principals are logged in and have just used everything."""
    for name in ("leaver", "demoted", "bystander"):
        for attempt in DOORS.values():
            attempt(people[name], Scene(roles_admin, f"{name}-before"))
    leaver = people["leaver"]
    temporary = _temporary(leaver)
    link = leaver.s3.generate_presigned_url("get_object", Params=Scene(roles_admin, "leaver-link").blob())
    assert is_allowed(lambda: _with(temporary, roles_stack).list_buckets()), "good for nothing"
    assert is_allowed(lambda: _follow(link, roles_stack)), "good for nothing"
    before = _starts(roles_stack, engine)
    wanted = assignments("leaver", demoted="Reader", newcomer="ComputeOperator")
    roles_stack.stack.settings["roleAssignments"] = wanted
    roles_stack.stack.configure()
    update = roles_stack.stack.up().check()
    return Change(update, roles_stack.stack.outputs(), before, _starts(roles_stack, engine), temporary, link)


def _temporary(who: Person) -> dict[str, str]:
    sts = boto3.client(
        "sts",
        endpoint_url=who.stack["endpoints"]["storage"],
        aws_access_key_id=who.storage_keys[0],
        aws_secret_access_key=who.storage_keys[1],
        region_name="us-east-1",
        verify=ca_file(who.stack),
    )
    made = sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/any", RoleSessionName="test")["Credentials"]
    return {key: str(made[key]) for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")}


def _with(temporary: dict[str, str], live: LiveStack) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=live.outputs["endpoints"]["storage"],
        aws_access_key_id=temporary["AccessKeyId"],
        aws_secret_access_key=temporary["SecretAccessKey"],
        aws_session_token=temporary["SessionToken"],
        region_name="us-east-1",
        config=CONFIG,
        verify=ca_file(live.outputs),
    )


def _follow(link: str, live: LiveStack) -> None:
    requests.get(link, timeout=10, verify=ca_file(live.outputs)).raise_for_status()


def _starts(live: LiveStack, engine: DockerClient) -> dict[str, str]:
    """Id of every container of the stack to when it was started last."""
    return {
        found: engine.api.inspect_container(found)["State"]["StartedAt"] for found in live.stack.objects().containers
    }


@pytest.mark.parametrize("door", DOORS)
def test_removed_principal_has_no_access(change: Change, people: dict[str, Person], scene: Scene, door: str) -> None:
    who = people["leaver"]

    assert not is_allowed(lambda: DOORS[door](who, scene)), "with the connections and the token from before"
    assert not is_allowed(lambda: DOORS[door](who.again(), scene)), "with the credentials from before"


def test_credentials_derived_from_a_removed_role_are_refused(change: Change, roles_stack: LiveStack) -> None:
    client = _with(change.temporary, roles_stack)

    assert not is_allowed(lambda: client.get_object(Bucket="azureml", Key="workspace.json"))
    assert not is_allowed(client.list_buckets)
    assert not is_allowed(lambda: _follow(change.link, roles_stack))


def test_credentials_of_removed_principals_are_deleted(change: Change, roles_stack: LiveStack) -> None:
    listed = vault_client(roles_stack.outputs).secrets.kv.v2.list_secrets(path="", mount_point="principals")
    state = roles_stack.stack.pulumi("stack export").check().stdout

    assert {"bystander", "newcomer"} <= set(listed["data"]["keys"])
    assert "leaver" not in listed["data"]["keys"]
    assert "principal-bystander" in state
    assert "principal-leaver" not in state


@pytest.mark.parametrize("service", WRITES)
def test_demoted_principal_can_do_no_more_than_its_new_role(
    change: Change, people: dict[str, Person], scene: Scene, service: str
) -> None:
    assert not is_allowed(lambda: WRITES[service](people["demoted"], scene))


@pytest.mark.parametrize(
    "attempt",
    [KEY_VAULT["lists secrets"], STORAGE["reads an artifact"], REGISTRY["pulls an image"]],
    ids=["lists secrets", "reads an artifact", "pulls an image"],
)
def test_demoted_principal_keeps_what_its_new_role_allows(
    change: Change, people: dict[str, Person], scene: Scene, attempt: Attempt
) -> None:
    assert is_allowed(lambda: attempt(people["demoted"], scene))


@pytest.mark.parametrize("door", DOORS)
def test_others_keep_credentials_and_connections(
    change: Change, roles_stack: LiveStack, people: dict[str, Person], scene: Scene, door: str
) -> None:
    who = people["bystander"]

    assert person(roles_stack.outputs, "bystander").held == who.held
    assert is_allowed(lambda: DOORS[door](who, scene))


@pytest.mark.parametrize(
    ("attempt", "allowed"),
    [
        (KEY_VAULT["writes a compute's secret"], True),
        (REGISTRY["pulls an image"], True),
        (TELEMETRY["sends telemetry over HTTP"], True),
        (KEY_VAULT["writes a secret"], False),
        (STORAGE["reads an artifact"], False),
    ],
    ids=["computes", "images", "telemetry", "but no other secrets", "but no artifacts"],
)
def test_new_principal_has_access(change: Change, scene: Scene, attempt: Attempt, *, allowed: bool) -> None:
    assert is_allowed(lambda: attempt(person(change.outputs, "newcomer"), scene)) is allowed


def test_a_change_of_assignments_replaces_and_restarts_nothing(change: Change) -> None:
    assert change.after == change.before
    assert not {"replace", "create-replacement", "delete-replaced"} & set(change.update.operations)


def test_no_other_principals_secrets_are_touched(change: Change) -> None:
    secrets = {
        step.urn.rpartition("-principal-")[2]: step.operation
        for step in change.update.steps
        if "-principal-" in step.urn and step.operation not in {"same", "read"}
    }

    assert secrets == {"leaver": "delete", "newcomer": "create"}


def test_with_principals_nothing_changes_by_itself(roles_stack: LiveStack) -> None:
    assert_unchanged(roles_stack.stack.refresh())
    assert_unchanged(roles_stack.stack.preview())
