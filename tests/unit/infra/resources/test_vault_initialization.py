"""First opening of a key vault against a made-up vault and engine: what the provisioner adds to the start script."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.clients.service_connection import ServiceConnection
from infra.errors import KeyVaultLockedError
from infra.resources import vault_initialization
from infra.resources.vault_initialization import _VaultInitializationProvider

PROPS: dict[str, Any] = {
    "name": "kv",
    "address": "http://127.0.0.1:1",
    "container": "kv-vault",
    "container_id": "c1",
    "user": "100:1000",
    "ca_certificate": "",
}
KEY_FILE, NOTE = "/vault/unseal/request.json", "/vault/unseal/begun"
LOOKS = 20
"""After so many the made-up deadline is over."""

Script = Callable[[], None]


class _FakeVault:
    """A vault that opens with one key, and notes what was asked of it."""

    initialised: ClassVar[bool]
    sealed: ClassVar[bool]
    key: ClassVar[str]
    calls: ClassVar[list[str]]
    script: ClassVar[list[Script]]
    """Steps of the start script, one of which happens before each look."""

    def __init__(self, connection: ServiceConnection) -> None:
        assert not connection.ca_certificate

    def is_initialised(self) -> bool:
        return _FakeVault.initialised

    def is_sealed(self) -> bool:
        return _FakeVault.sealed

    def unseal(self, key: str) -> bool:
        _FakeVault.calls.append("unseal")
        _FakeVault.sealed = key != _FakeVault.key
        return not _FakeVault.sealed

    @staticmethod
    def status() -> int:
        if _FakeVault.script:
            _FakeVault.script.pop(0)()
        if not _FakeVault.initialised:
            return 501
        return 503 if _FakeVault.sealed else 200


def _probe(_url: str, *, expected: frozenset[int], ca_certificate: str) -> Probe:
    assert not ca_certificate

    def probe() -> ProbeResult:
        status = _FakeVault.status()
        return ProbeResult(passed=status in expected, seen=str(status))

    return probe


def _wait(_what: str, probes: list[Probe], **_: object) -> None:
    for probe in probes:
        assert any(probe().passed for _ in range(LOOKS)), "the deadline passed"


@pytest.fixture(autouse=True)
def volume(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The volume with the key; the vault is a new one, and its script does nothing."""
    files: dict[str, bytes] = {}

    def write(_container: str, folder: str, written: dict[str, bytes], **_: object) -> None:
        _FakeVault.calls.extend(f"store {name}" for name in written)
        files.update({f"{folder}/{name}": content for name, content in written.items()})

    monkeypatch.setattr(docker_engine, "write_files", write)
    monkeypatch.setattr(docker_engine, "read_file", lambda _container, path: files.get(path))
    monkeypatch.setattr(vault_initialization, "Vault", _FakeVault)
    monkeypatch.setattr(readiness_probes, "http_probe", _probe)
    monkeypatch.setattr(readiness_probes, "wait_until_ready", _wait)
    _FakeVault.initialised, _FakeVault.sealed, _FakeVault.key = False, True, "key-1"
    _FakeVault.calls, _FakeVault.script = [], []
    return files


def _begin(files: dict[str, bytes]) -> list[Script]:
    """Steps of the start script with a new vault."""

    def initialise() -> None:
        _FakeVault.initialised = True

    def unseal() -> None:
        _FakeVault.sealed = False

    return [
        lambda: files.update({NOTE: b"begun"}),
        initialise,
        lambda: files.update({KEY_FILE: b'{"key": "key-1"}'}),
        lambda: files.update({NOTE: b"ended"}),
        unseal,
    ]


def _create() -> dict[str, Any]:
    outs = _VaultInitializationProvider().create(dict(PROPS)).outs
    assert outs is not None
    return outs


@pytest.fixture
def created(volume: dict[str, bytes]) -> dict[str, Any]:
    """Outputs for a vault that has been opened once."""
    _FakeVault.script = _begin(volume)
    outs = _create()
    _FakeVault.sealed, _FakeVault.calls, _FakeVault.script = False, [], []
    return outs


@pytest.mark.parametrize("seen", range(5), ids=lambda seen: f"after step {seen} of the script")
def test_a_new_vault_is_waited_for_and_its_key_fetched(seen: int, volume: dict[str, bytes]) -> None:
    steps = _begin(volume)
    for step in steps[:seen]:
        step()
    _FakeVault.script = steps[seen:]

    outs = _create()

    assert outs == {**PROPS, "unseal_key": "key-1"}
    assert not [call for call in _FakeVault.calls if call.startswith("store")]


def test_a_key_stored_between_two_looks_at_its_volume_is_no_lost_one(
    volume: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    volume[NOTE] = b"begun"
    _FakeVault.initialised = True

    def read(_container: str, path: str) -> bytes | None:
        found = volume.get(path)
        volume.update({KEY_FILE: b'{"key": "key-1"}', NOTE: b"ended"})
        return found

    monkeypatch.setattr(docker_engine, "read_file", read)

    vault_initialization._help(PROPS, known=None)

    assert _FakeVault.calls == ["unseal"]


def test_a_sealed_vault_whose_key_is_there_is_opened(volume: dict[str, bytes]) -> None:
    volume |= {KEY_FILE: b'{"key": "key-1"}', NOTE: b"ended"}
    _FakeVault.initialised = True

    outs = _create()

    assert _FakeVault.calls == ["unseal"]
    assert outs["unseal_key"] == "key-1"


@pytest.mark.parametrize("note", [None, b"ended"], ids=["without a note", "with a note of an earlier key"])
def test_a_vault_whose_key_is_lost_is_explained_and_left_alone(note: bytes | None, volume: dict[str, bytes]) -> None:
    _FakeVault.initialised = True
    if note:
        volume[NOTE] = note

    with pytest.raises(KeyVaultLockedError, match=r"unseal key is not on .*make down"):
        _create()

    assert _FakeVault.calls == []


def test_an_empty_vault_beside_a_key_has_lost_its_data(volume: dict[str, bytes]) -> None:
    volume[KEY_FILE] = b'{"key": "key-1"}'

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        _create()


@pytest.mark.parametrize("lost", ["the vault is sealed", "the key file is gone"])
def test_a_refresh_that_finds_the_vault_closed_has_the_next_update_open_it(
    lost: str, volume: dict[str, bytes], created: dict[str, Any]
) -> None:
    provider = _VaultInitializationProvider()
    if lost == "the vault is sealed":
        _FakeVault.sealed = True
    else:
        volume.clear()

    found = provider.read("kv", created)

    assert found.inputs is not None
    assert provider.diff("kv", found.outs or {}, PROPS).changes


def test_a_refresh_that_finds_the_vault_open_changes_nothing(created: dict[str, Any]) -> None:
    assert _VaultInitializationProvider().read("kv", created).outs == created


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "still open"])
def test_a_lost_key_file_is_put_back_from_the_state(
    *, sealed: bool, volume: dict[str, bytes], created: dict[str, Any]
) -> None:
    volume.clear()
    _FakeVault.sealed = sealed

    outs = _VaultInitializationProvider().update("kv", created, {**PROPS, "container_id": "c2"}).outs

    assert _FakeVault.calls == ["store request.json", "store begun", *(["unseal"] if sealed else [])]
    assert volume[KEY_FILE] == b'{"key": "key-1"}'
    assert outs == {**PROPS, "container_id": "c2", "unseal_key": "key-1"}


def test_a_key_file_that_a_crash_has_cut_short_is_written_anew(
    volume: dict[str, bytes], created: dict[str, Any]
) -> None:
    volume[KEY_FILE] = b'{"key": "ke'
    _FakeVault.sealed = True

    _VaultInitializationProvider().update("kv", created, {**PROPS, "container_id": "c2"})

    assert volume[KEY_FILE] == b'{"key": "key-1"}'
    assert not _FakeVault.sealed


def test_a_vault_whose_data_is_gone_is_told_and_not_adopted(created: dict[str, Any]) -> None:
    _FakeVault.initialised = False

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        _VaultInitializationProvider().update("kv", created, {**PROPS, "container_id": "c2"})


def test_a_new_vault_in_place_of_the_one_that_the_state_knows_is_told_and_not_adopted(
    volume: dict[str, bytes], created: dict[str, Any]
) -> None:
    volume[KEY_FILE] = b'{"key": "key-2"}'

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        _VaultInitializationProvider().update("kv", created, {**PROPS, "container_id": "c2"})


def test_a_key_that_does_not_fit_is_refused(created: dict[str, Any]) -> None:
    _FakeVault.sealed, _FakeVault.key = True, "another"

    with pytest.raises(KeyVaultLockedError, match="does not fit"):
        _VaultInitializationProvider().update("kv", created, {**PROPS, "container_id": "c2"})
