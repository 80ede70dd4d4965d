"""First opening of a key vault against a made-up vault and engine: what happens when a run was killed in between."""

from typing import Any, ClassVar

import pytest

from infra import health
from infra.clients import engine
from infra.clients.vault import VaultKeys
from infra.errors import KeyVaultLockedError
from infra.resources import vault_initialization
from infra.resources.vault_initialization import _VaultInitializationProvider

PROPS: dict[str, Any] = {
    "name": "kv",
    "address": "http://127.0.0.1:1",
    "container": "kv-vault",
    "container_id": "c1",
    "user": "100:1000",
    "authority": "",
}


class _FakeVault:
    """A vault that opens with one key, and notes what was asked of it."""

    initialised: ClassVar[bool]
    sealed: ClassVar[bool]
    key: ClassVar[str]
    calls: ClassVar[list[str]]

    def __init__(self, _address: str, token: str | None = None, *, authority: str = "") -> None:
        self._token = token
        assert not authority

    def is_initialised(self) -> bool:
        return _FakeVault.initialised

    def is_sealed(self) -> bool:
        return _FakeVault.sealed

    def initialise(self) -> VaultKeys:
        _FakeVault.calls.append("initialise")
        _FakeVault.initialised = True
        return VaultKeys(unseal_key=_FakeVault.key, root_token="root-1")

    def unseal(self, key: str) -> bool:
        _FakeVault.calls.append("unseal")
        _FakeVault.sealed = key != _FakeVault.key
        return not _FakeVault.sealed

    def revoke_own_token(self) -> None:
        _FakeVault.calls.append(f"revoke {self._token}")


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    files: dict[str, bytes] = {}

    def write(_container: str, folder: str, written: dict[str, bytes], **_: object) -> None:
        _FakeVault.calls.extend(f"store {name}" for name in written)
        files.update({f"{folder}/{name}": content for name, content in written.items()})

    monkeypatch.setattr(engine, "write_files", write)

    def empty(_container: str, folder: str) -> None:
        _FakeVault.calls.append(f"empty {folder}")
        _FakeVault.initialised = False

    monkeypatch.setattr(engine, "restart_emptied", empty)
    monkeypatch.setattr(engine, "read_file", lambda _container, path: files.get(path))
    monkeypatch.setattr(vault_initialization, "Vault", _FakeVault)
    monkeypatch.setattr(health, "wait_until_ready", lambda *_, **__: None)
    _FakeVault.initialised, _FakeVault.sealed, _FakeVault.key, _FakeVault.calls = False, True, "key-1", []
    return files


def _create() -> dict[str, Any]:
    outs = _VaultInitializationProvider().create(dict(PROPS)).outs
    assert outs is not None
    return outs


@pytest.mark.usefixtures("volume")
def test_the_key_is_stored_before_anything_else_happens() -> None:
    outs = _create()

    assert _FakeVault.calls == [
        "store begun", "initialise", "store request.json", "store begun", "unseal", "revoke root-1"
    ]  # fmt: skip
    assert outs == {**PROPS, "unseal_key": "key-1"}


@pytest.mark.usefixtures("volume")
def test_a_run_killed_after_the_key_was_stored_goes_on_with_the_same_key() -> None:
    _create()
    _FakeVault.sealed, _FakeVault.calls = True, []

    outs = _create()

    assert _FakeVault.calls == ["unseal"]
    assert outs["unseal_key"] == "key-1"


def test_a_run_killed_before_the_key_was_stored_is_begun_again(volume: dict[str, bytes]) -> None:
    volume["/vault/unseal/begun"] = b"begun"
    _FakeVault.initialised = True

    outs = _create()

    assert _FakeVault.calls[:3] == ["empty /vault/file", "store begun", "initialise"]
    assert outs["unseal_key"] == "key-1"


@pytest.mark.usefixtures("volume")
def test_a_vault_whose_key_is_lost_is_explained_and_nothing_is_initialised_over() -> None:
    _FakeVault.initialised = True

    with pytest.raises(KeyVaultLockedError, match=r"unseal key is not on .*make down"):
        _create()

    assert _FakeVault.calls == []


def test_a_key_that_was_lost_later_never_empties_the_vault(volume: dict[str, bytes]) -> None:
    _create()
    del volume["/vault/unseal/request.json"]
    _FakeVault.sealed, _FakeVault.calls = True, []

    with pytest.raises(KeyVaultLockedError, match="unseal key is not on"):
        _create()

    assert _FakeVault.calls == []


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize("lost", ["the vault is sealed", "the key file is gone"])
def test_a_refresh_that_finds_the_vault_closed_has_the_next_update_open_it(lost: str, volume: dict[str, bytes]) -> None:
    provider, props = _VaultInitializationProvider(), _create()
    if lost == "the vault is sealed":
        _FakeVault.sealed = True
    else:
        volume.clear()

    found = provider.read("kv", props)

    assert found.inputs is not None
    assert provider.diff("kv", found.outs or {}, PROPS).changes


@pytest.mark.usefixtures("volume")
def test_a_refresh_that_finds_the_vault_open_changes_nothing() -> None:
    props = _create()

    assert _VaultInitializationProvider().read("kv", props).outs == props


def test_a_new_container_is_opened_with_the_known_key_and_gets_a_lost_key_file_back(volume: dict[str, bytes]) -> None:
    olds = _create()
    volume.clear()
    _FakeVault.sealed, _FakeVault.calls = True, []

    outs = _VaultInitializationProvider().update("kv", olds, {**PROPS, "container_id": "c2"}).outs

    assert _FakeVault.calls == ["store request.json", "store begun", "unseal"]
    assert outs is not None
    assert outs["unseal_key"] == "key-1"


@pytest.mark.usefixtures("volume")
def test_a_vault_whose_data_is_gone_is_not_initialised_again() -> None:
    olds = _create()
    _FakeVault.initialised, _FakeVault.calls = False, []

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        _VaultInitializationProvider().update("kv", olds, {**PROPS, "container_id": "c2"})

    assert _FakeVault.calls == []


@pytest.mark.usefixtures("volume")
def test_a_key_that_does_not_fit_is_refused() -> None:
    olds = _create()
    _FakeVault.sealed, _FakeVault.key = True, "another"

    with pytest.raises(KeyVaultLockedError, match="does not fit"):
        _VaultInitializationProvider().update("kv", olds, {**PROPS, "container_id": "c2"})
