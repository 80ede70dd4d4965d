"""Users of an account against a made-up one: who is let in, who is not any more."""

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
    """An account that knows its users."""

    users: ClassVar[dict[str, User]]
    keys_used: ClassVar[list[str]]

    def __init__(self, connection: ServiceConnection) -> None:
        _FakeAccount.keys_used.append(connection.credentials["secretKey"])

    def put_users(self, users: list[User]) -> None:
        _FakeAccount.users |= {user.access_key: user for user in users}

    def remove_user(self, access_key: str) -> None:
        _FakeAccount.users.pop(access_key, None)

    def differing(self, users: list[User]) -> set[str]:
        return {user.access_key for user in users if _FakeAccount.users.get(user.access_key) != user}


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> dict[str, User]:
    _FakeAccount.users, _FakeAccount.keys_used = {}, []
    monkeypatch.setattr(storage_principals, "StorageAdmin", _FakeAccount)
    return _FakeAccount.users


def _created() -> dict[str, Any]:
    outs = PROVIDER.create(PROPS).outs
    assert outs is not None
    return outs


def test_everybody_is_let_in_with_a_policy_of_his_own(users: dict[str, User]) -> None:
    _created()

    assert {name: (user.secret_key, user.policy) for name, user in _FakeAccount.users.items()} == {
        "rita": ("rita's secret", {"Statement": ["read"]}),
        "dora": ("dora's secret", {"Statement": ["write"]}),
    }


def test_who_is_taken_away_is_removed_and_the_others_stay() -> None:
    outs = _created()
    news = {**PROPS, "policies": {"dora": PROPS["policies"]["dora"]}, "secrets": {"dora": "dora's secret"}}

    PROVIDER.update("id", outs, news)

    assert set(_FakeAccount.users) == {"dora"}


def test_the_last_ones_are_removed_with_the_keys_of_today(users: dict[str, User]) -> None:
    outs = _created()

    PROVIDER.update("id", outs, {**PROPS, "storage_account": ROTATED, "policies": {}, "secrets": {}})

    assert _FakeAccount.users == {}
    assert _FakeAccount.keys_used[-1] == "rotated"


def test_an_account_without_users_is_not_even_asked() -> None:
    PROVIDER.create({**PROPS, "policies": {}, "secrets": {}})

    assert _FakeAccount.keys_used == []


def test_all_are_removed_with_the_resource() -> None:
    outs = _created()

    PROVIDER.delete("id", outs)

    assert _FakeAccount.users == {}


def test_a_user_that_is_gone_is_a_difference_that_the_next_update_mends() -> None:
    outs = _created()
    assert PROVIDER.observe("id", outs).outs == outs
    _FakeAccount.users.pop("rita")

    seen = PROVIDER.observe("id", outs).outs

    assert PROVIDER.diff("id", dict(seen or {}), PROPS).changes
    PROVIDER.update("id", dict(seen or {}), PROPS)
    assert set(_FakeAccount.users) == {"rita", "dora"}


def test_secrets_stay_out_of_what_is_shown_of_a_user() -> None:
    assert "word" not in repr(User(access_key="rita", secret_key="a word", policy={}))
