"""Users of an account, with a fake account: granted and revoked access."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.storage_admin import User
from infra.resources import storage_principals
from infra.resources.storage_principals import StoragePrincipalsProvider

PROVIDER = StoragePrincipalsProvider()
ROTATED: dict[str, Any] = {
    "endpoint": "http://127.0.0.1:1",
    "credentials": {"accessKey": "key", "secretKey": "rotated"},
    "ca_certificate": "",
}
PROPS: dict[str, Any] = {
    "account": "stchurn",
    "storage_account": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "key", "secretKey": "word"},
        "ca_certificate": "",
    },
    "policies": {"rita": {"Statement": ["read"]}, "dora": {"Statement": ["write"]}},
    "secrets": {"rita": "rita's secret", "dora": "dora's secret"},
}


class _FakeAccount:
    """An account with its users."""

    users: ClassVar[dict[str, User]]
    exclusions: ClassVar[dict[str, Any]]
    keys_used: ClassVar[list[str]]
    done: ClassVar[list[str]]

    def __init__(self, connection: ServiceConnection) -> None:
        _FakeAccount.keys_used.append(connection.credentials["secretKey"])

    def exclude(self, workspace_id: str, exclusion: Mapping[str, Any]) -> None:
        _FakeAccount.exclusions[workspace_id] = exclusion
        _FakeAccount.done.append("exclude")

    def is_excluded(self, workspace_id: str, exclusion: Mapping[str, Any]) -> bool:
        return bool(_FakeAccount.exclusions.get(workspace_id) == exclusion)

    def end_exclusion(self, workspace_id: str) -> None:
        del _FakeAccount.exclusions[workspace_id]

    def put_users(self, users: list[User]) -> None:
        _FakeAccount.done.append("put_users")
        _FakeAccount.users |= {user.access_key: user for user in users}

    def remove_user(self, access_key: str) -> None:
        _FakeAccount.users.pop(access_key, None)

    def differing(self, users: list[User]) -> set[str]:
        return {user.access_key for user in users if _FakeAccount.users.get(user.access_key) != user}


class _FakeContainers:
    """The existing containers."""

    there: ClassVar[set[str]]

    def __init__(self, _connection: ServiceConnection) -> None:
        pass

    def present(self, names: list[str]) -> list[str]:
        return [name for name in names if name in _FakeContainers.there]


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> dict[str, User]:
    _FakeAccount.users, _FakeAccount.exclusions, _FakeContainers.there = {}, {}, set()
    _FakeAccount.keys_used, _FakeAccount.done = [], []
    monkeypatch.setattr(storage_principals, "BlobContainers", _FakeContainers)
    monkeypatch.setattr(storage_principals, "StorageAdmin", _FakeAccount)
    return _FakeAccount.users


def _created() -> dict[str, Any]:
    outs = PROVIDER.create(PROPS).outs
    assert outs is not None
    return outs


def test_each_principal_gets_its_own_policy(users: dict[str, User]) -> None:
    _created()

    assert {name: (user.secret_key, user.policy) for name, user in _FakeAccount.users.items()} == {
        "rita": ("rita's secret", {"Statement": ["read"]}),
        "dora": ("dora's secret", {"Statement": ["write"]}),
    }


def test_a_removed_principal_is_deleted_and_the_others_stay() -> None:
    outs = _created()
    news = {**PROPS, "policies": {"dora": PROPS["policies"]["dora"]}, "secrets": {"dora": "dora's secret"}}

    PROVIDER.update("id", outs, news)

    assert set(_FakeAccount.users) == {"dora"}


def test_the_last_ones_are_removed_with_the_keys_of_today(users: dict[str, User]) -> None:
    outs = _created()

    PROVIDER.update("id", outs, {**PROPS, "storage_account": ROTATED, "policies": {}, "secrets": {}})

    assert _FakeAccount.users == {}
    assert _FakeAccount.keys_used[-1] == "rotated"


def test_an_account_without_users_gets_no_request() -> None:
    PROVIDER.create({**PROPS, "policies": {}, "secrets": {}})

    assert _FakeAccount.keys_used == []


def test_all_are_removed_with_the_resource() -> None:
    outs = _created()

    PROVIDER.delete("id", outs)

    assert _FakeAccount.users == {}


def test_a_deleted_user_is_a_difference_that_the_next_update_repairs() -> None:
    outs = _created()
    assert PROVIDER.observe("id", outs).outs == outs
    _FakeAccount.users.pop("rita")

    seen = PROVIDER.observe("id", outs).outs

    assert PROVIDER.diff("id", dict(seen or {}), PROPS).changes
    PROVIDER.update("id", dict(seen or {}), PROPS)
    assert set(_FakeAccount.users) == {"rita", "dora"}


def test_secrets_are_not_shown_with_a_user() -> None:
    assert "word" not in repr(User(access_key="rita", secret_key="a word", policy={}))


GUID = "01234567-89ab-cdef-0123-456789abcdef"
SHARER: dict[str, Any] = {**PROPS, "sharer": {"workspace_id": GUID, "containers": ["estate", "features"]}}


def _excluded() -> set[str]:
    (statement,) = _FakeAccount.exclusions[GUID]["Statement"]
    return {resource.removeprefix("arn:aws:s3:::") for resource in statement["Resource"]}


def test_in_an_own_account_principals_are_kept_out_of_sharers_containers() -> None:
    _created()

    assert all(user.keeps_out for user in _FakeAccount.users.values())
    assert _FakeAccount.exclusions == {}


def test_a_sharers_containers_are_closed_to_others_before_access_is_granted() -> None:
    PROVIDER.create(SHARER)

    assert {f"azureml-{GUID}", f"code-{GUID}/*", "estate", f"{GUID}-*"} <= _excluded()
    assert _FakeAccount.done == ["exclude", "put_users"]
    assert not any(user.keeps_out for user in _FakeAccount.users.values())


def test_an_existing_container_keeps_its_users_and_settings() -> None:
    _FakeContainers.there = {"features"}

    outs = PROVIDER.create(SHARER).outs

    assert "features" not in _excluded()
    assert (outs["common"], "estate" in outs["exclusive"]) == (["features"], True)
    for user in _FakeAccount.users.values():
        assert user.policy["Statement"][-1]["Resource"] == ["arn:aws:s3:::features", "arn:aws:s3:::features/*"]


def test_a_container_that_the_sharer_created_stays_its_own() -> None:
    outs = PROVIDER.create(SHARER).outs
    _FakeContainers.there = {"estate", "features", "added", f"azureml-{GUID}"}

    outs = PROVIDER.update("id", outs, {**PROPS, "sharer": {"workspace_id": GUID, "containers": ["added"]}}).outs

    assert {"estate", "features", f"azureml-{GUID}"} <= _excluded()
    assert outs["common"] == ["added"]


def test_a_deleted_exclusion_is_a_difference_that_the_next_update_repairs() -> None:
    outs = PROVIDER.create(SHARER).outs
    assert PROVIDER.observe("id", outs).outs == outs
    _FakeAccount.exclusions.clear()

    seen = PROVIDER.observe("id", outs).outs

    assert PROVIDER.diff("id", seen, SHARER).changes
    PROVIDER.update("id", seen, SHARER)
    assert PROVIDER.observe("id", outs).outs == outs


@pytest.mark.parametrize("left", [set(), {"estate"}], ids=["nothing", "a container with blobs"])
def test_containers_of_a_destroyed_sharer_stay_closed(left: set[str]) -> None:
    outs = PROVIDER.create(SHARER).outs
    _FakeContainers.there = left

    PROVIDER.delete("id", outs)

    assert _FakeAccount.users == {}
    assert set(_FakeAccount.exclusions) == ({GUID} if left else set())
