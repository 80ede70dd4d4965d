"""A workspace's token in another stack's key vault, with a fake vault."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.state import owner_credentials
from infra.resources import key_vault_access
from infra.resources.key_vault_access import KeyVaultAccessProvider

PROVIDER = KeyVaultAccessProvider()
GUID = "01234567-89ab-cdef-0123-456789abcdef"
PROPS: dict[str, Any] = {
    "key_vault": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {},
        "ca_certificate": "",
        "owner": {"stack": "prod", "keys": ["keyVault"]},
    },
    "workspace_id": GUID,
    "purge_protection": False,
    "policy": "path",
    "rotates": "service/keyVault",
    "rotation": "",
}


class _FakeVault:
    """A vault with its policies and tokens, and root access."""

    policies: ClassVar[dict[str, str]]
    tokens: ClassVar[dict[str, str]]

    def __init__(self, connection: ServiceConnection) -> None:
        self.token, self.is_root = connection.credentials.get("token", ""), False

    @contextmanager
    def as_root(self, unseal_key: str) -> Iterator[None]:
        assert unseal_key == "the unseal key of prod"
        self.is_root = True
        yield
        self.is_root = False

    def accepts_token(self) -> bool:
        return self.token in _FakeVault.tokens

    def revoke_own_token(self) -> None:
        _FakeVault.tokens.pop(self.token, None)

    def delete(self, path: str) -> None:
        assert self.is_root
        del _FakeVault.policies[path.removeprefix("sys/policies/acl/")]


def _ensure_policy(vault: _FakeVault, name: str, text: str) -> None:
    assert vault.is_root
    _FakeVault.policies[name] = text


def _ensure_token(vault: _FakeVault, token: str, *, policy: str) -> str:
    assert vault.is_root
    if _FakeVault.tokens.get(token) == policy:
        return token
    new = f"token-{len(_FakeVault.tokens) + 1}"
    _FakeVault.tokens[new] = policy
    return new


@pytest.fixture(autouse=True)
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the real vault with the fake one."""
    _FakeVault.policies, _FakeVault.tokens = {}, {}
    monkeypatch.setattr(key_vault_access, "Vault", _FakeVault)
    monkeypatch.setattr(key_vault_access, "ensure_policy", _ensure_policy)
    monkeypatch.setattr(key_vault_access, "ensure_token", _ensure_token)
    monkeypatch.setattr(owner_credentials, "unseal_key_of", lambda stack: f"the unseal key of {stack}")


def test_the_workspace_gets_its_own_policy() -> None:
    outs = PROVIDER.create(PROPS).outs

    assert _FakeVault.policies == {f"sharer-{GUID}": "path"}
    assert _FakeVault.tokens == {outs["token"]: f"sharer-{GUID}"}
    assert "the unseal key of prod" not in str(outs)


def test_a_changed_policy_keeps_the_token() -> None:
    outs = PROVIDER.create(PROPS).outs

    news: Mapping[str, Any] = PROVIDER.update("id", outs, {**PROPS, "policy": "another"}).outs

    assert (news["token"], _FakeVault.policies[f"sharer-{GUID}"]) == (outs["token"], "another")


def test_a_rotation_replaces_the_token_and_revokes_the_old_one() -> None:
    outs = PROVIDER.create(PROPS).outs

    news = PROVIDER.update("id", outs, {**PROPS, "rotation": "nonce"}).outs

    assert news["token"] != outs["token"]
    assert set(_FakeVault.tokens) == {news["token"]}


def test_a_revoked_token_is_a_difference_that_the_next_update_repairs() -> None:
    outs = PROVIDER.create(PROPS).outs
    assert PROVIDER.observe("id", outs).outs == outs
    _FakeVault.tokens.clear()

    seen = PROVIDER.observe("id", outs).outs

    assert PROVIDER.diff("id", seen, PROPS).changes
    assert PROVIDER.update("id", seen, PROPS).outs["token"] in _FakeVault.tokens


def test_token_and_policy_are_deleted_with_the_workspace() -> None:
    outs = PROVIDER.create(PROPS).outs

    PROVIDER.delete("id", outs)

    assert (_FakeVault.policies, _FakeVault.tokens) == ({}, {})
