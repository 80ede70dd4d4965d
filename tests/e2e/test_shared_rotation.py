"""An owner rotates the credentials of shared services: who is informed, what keeps working, which cause is reported."""

import json
from collections.abc import Iterator

import pytest

from infra import services
from tests.support.datastores import datastore_client, read_datastore_secret
from tests.support.environment import Environment
from tests.support.object_store import admin_client, s3_client
from tests.support.principals import is_allowed
from tests.support.processes import Finished
from tests.support.stacks import LiveStack, live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client

SHARED = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")
WITH_THE_OWNERS_CREDENTIALS = {"container_registry", "application_insights"}


@pytest.fixture(scope="module")
def owner(environment: Environment) -> Iterator[LiveStack]:
    """The workspace whose services are all shared."""
    with live_stack(environment) as stack:
        yield stack


@pytest.fixture(scope="module")
def sharer(environment: Environment, owner: LiveStack) -> Iterator[LiveStack]:
    """A workspace without services of its own."""
    with live_stack(environment, **{section: {"existing": owner.stack.name} for section in SHARED}) as stack:
        yield stack


def mlw(live: LiveStack, *words: str) -> Finished:
    """Run a command as a user does."""
    return live.stack.environment.mlw(*words)


def refused(live: LiveStack) -> dict[str, str]:
    """Rejected credentials that `mlw diagnose` finds: message by code's place."""
    finished = mlw(live, "diagnose", live.stack.name)
    found = json.loads(finished.stdout)
    return {
        f"{group}": finding["message"]
        for group, findings in found.items()
        for finding in findings or ()
        if finding["code"] == "CredentialsRefused"
    }


def container_of(live: LiveStack) -> str:
    """Container of the default datastore."""
    return next(str(s["container"]) for s in live.outputs["datastores"] if s["isDefault"])


def test_a_rotation_of_the_accounts_root_keys_disturbs_no_sharer(
    owner: LiveStack, sharer: LiveStack, marker: str
) -> None:
    before = sharer.stack.outputs()

    finished = mlw(owner, "keys", "rotate", owner.stack.name, "--service", "storage").check()

    assert f"is shared by stack '{sharer.stack.name}': each has its own credentials there" in finished.stdout
    s3_client(before).put_object(Bucket=container_of(sharer), Key=marker, Body=b"x")
    assert refused(sharer) == {}
    assert_unchanged(sharer.stack.preview())
    mlw(sharer, "keys", "rotate", sharer.stack.name, "--datastore", "workspaceblobstore").check()
    secret = read_datastore_secret(sharer.stack.outputs(), "workspaceblobstore")
    datastore_client(sharer.outputs, secret).list_objects_v2(Bucket=secret["container"])


def test_a_sharer_rotates_its_own_keys_and_only_those(owner: LiveStack, sharer: LiveStack) -> None:
    theirs, before = owner.stack.outputs(), sharer.stack.outputs()

    finished = mlw(sharer, "keys", "rotate", sharer.stack.name, "--service", "storage").check()

    assert "its clients need the new keys" in finished.stdout
    after = sharer.stack.outputs()
    assert after["credentials"]["storage"] != before["credentials"]["storage"]
    assert not is_allowed(lambda: s3_client(before).list_objects_v2(Bucket=container_of(sharer)))
    assert is_allowed(lambda: s3_client(after).list_objects_v2(Bucket=container_of(sharer)))
    assert is_allowed(lambda: s3_client(theirs).list_buckets())


def test_a_sharer_rotates_its_own_token_in_the_key_vault(owner: LiveStack, sharer: LiveStack) -> None:
    theirs, before = owner.stack.outputs(), sharer.stack.outputs()

    mlw(sharer, "keys", "rotate", sharer.stack.name, "--service", "keyVault").check()

    after = sharer.stack.outputs()
    assert [vault_client(known).is_authenticated() for known in (before, after, theirs)] == [False, True, True]
    read_datastore_secret(after, "workspaceblobstore")


def test_a_sharers_user_removed_by_hand_is_reported_and_restored(owner: LiveStack, sharer: LiveStack) -> None:
    admin_client(owner.stack.outputs()).user_remove(sharer.outputs["credentials"]["storage"]["accessKey"])

    (said,) = refused(sharer).values()
    sharer.stack.refresh().check()
    sharer.stack.up().check()

    assert f"in the account of stack '{owner.stack.name}', is missing or has another secret" in said
    assert f"make up STACK={sharer.stack.name}" in said
    assert refused(sharer) == {}
    assert is_allowed(lambda: s3_client(sharer.stack.outputs()).list_objects_v2(Bucket=container_of(sharer)))


def test_a_sharer_learns_that_a_rotation_of_everything_is_the_cause(owner: LiveStack, sharer: LiveStack) -> None:
    finished = mlw(owner, "keys", "rotate", owner.stack.name, "--all").check()

    told = [line for line in finished.stdout.splitlines() if f"is shared by stack '{sharer.stack.name}'" in line]
    assert len(told) == len(services.REQUIRED)
    causes = refused(sharer)
    assert set(causes) == WITH_THE_OWNERS_CREDENTIALS
    for said in causes.values():
        assert f"Stack '{owner.stack.name}', which owns it, has rotated them" in said
        assert f"make up STACK={sharer.stack.name}" in said
        assert "by hand" not in said
    sharer.stack.lifecycle("up").check()
    assert refused(sharer) == {}
