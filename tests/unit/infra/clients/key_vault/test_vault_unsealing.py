"""Unsealing with a fake vault and volume: what the provisioner does in addition to the start script."""

from collections.abc import Callable
from typing import cast

import pytest

from infra.clients.key_vault import vault_unsealing
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_unsealing import NOTE_FILE, UNSEAL_FILE, VaultUnsealing
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.errors import KeyVaultLockedError

LOOKS = 20
"""After so many the made-up deadline is over."""

Script = Callable[[], None]


class World:
    """A vault that one key unseals, and the volume with that key; records requests."""

    def __init__(self) -> None:
        self.initialised, self.sealed, self.key = False, True, "key-1"
        self.files: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.reads = 0
        self.script: list[Script] = []
        """Steps of the start script, one of which happens before each look."""

        self.after_read: Script = lambda: None

    # The vault.
    def is_initialised(self) -> bool:
        return self.initialised

    def is_sealed(self) -> bool:
        return self.sealed

    def unseal(self, key: str) -> bool:
        self.calls.append("unseal")
        self.sealed = key != self.key
        return not self.sealed

    # The volume.
    def read(self, name: str) -> bytes | None:
        self.reads += 1
        found = self.files.get(name)
        self.after_read()
        return found

    def write(self, name_to_content: dict[str, bytes]) -> None:
        self.calls.extend(f"store {name}" for name in name_to_content)
        self.files |= name_to_content

    # Probes.
    def probe(self, expected: frozenset[int]) -> Probe:
        def probe() -> ProbeResult:
            if self.script:
                self.script.pop(0)()
            status = 501 if not self.initialised else 503 if self.sealed else 200
            return ProbeResult(passed=status in expected, seen=str(status))

        return probe

    @property
    def unsealing(self) -> VaultUnsealing:
        return VaultUnsealing(
            name="kv",
            endpoint="http://127.0.0.1:1",
            vault=cast("Vault", self),
            volume=self,
            probe=self.probe,
            wait=_wait,
        )

    def steps(self) -> list[Script]:
        """Do what the start script does with a new vault."""

        def initialise() -> None:
            self.initialised = True

        def unseal() -> None:
            self.sealed = False

        return [
            lambda: self.files.update({NOTE_FILE: b"begun"}),
            initialise,
            lambda: self.files.update({UNSEAL_FILE: b'{"key": "key-1"}'}),
            lambda: self.files.update({NOTE_FILE: b"ended"}),
            unseal,
        ]


def _wait(probe: Probe) -> None:
    assert any(probe().passed for _ in range(LOOKS)), "the deadline passed"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A new vault whose script does nothing, and whose volume is looked at whenever it is sealed."""
    monkeypatch.setattr(vault_unsealing, "VOLUME_CHECK_SECONDS", 0.0)
    return World()


@pytest.fixture
def unsealed(world: World) -> World:
    """A vault that has been unsealed once, with the key that the state has."""
    world.script = world.steps()
    assert world.unsealing.unseal(None) == "key-1"
    world.sealed, world.calls, world.script = False, [], []
    return world


@pytest.mark.parametrize("seen", range(5), ids=lambda seen: f"after step {seen} of the script")
def test_a_new_vault_is_waited_for_and_its_key_fetched(seen: int, world: World) -> None:
    steps = world.steps()
    for step in steps[:seen]:
        step()
    world.script = steps[seen:]

    assert world.unsealing.unseal(None) == "key-1"
    assert not [call for call in world.calls if call.startswith("store")]


def test_the_volume_of_a_vault_that_opens_by_itself_is_read_only_for_its_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_unsealing, "VOLUME_CHECK_SECONDS", 3600.0)
    world.script = world.steps()

    assert world.unsealing.unseal(None) == "key-1"
    assert world.reads == 1


def test_a_key_stored_between_two_checks_of_its_volume_is_not_lost(world: World) -> None:
    world.files[NOTE_FILE] = b"begun"
    world.initialised = True
    world.after_read = lambda: world.files.update({UNSEAL_FILE: b'{"key": "key-1"}', NOTE_FILE: b"ended"})

    world.unsealing.help(None)

    assert world.calls == ["unseal"]


def test_a_sealed_vault_whose_key_is_there_is_unsealed(world: World) -> None:
    world.files = {UNSEAL_FILE: b'{"key": "key-1"}', NOTE_FILE: b"ended"}
    world.initialised = True

    assert world.unsealing.unseal(None) == "key-1"
    assert world.calls == ["unseal"]


@pytest.mark.parametrize("note", [None, b"ended"], ids=["without a note", "with a note of an earlier key"])
def test_a_vault_whose_key_is_lost_is_explained_and_left_alone(note: bytes | None, world: World) -> None:
    world.initialised = True
    if note:
        world.files[NOTE_FILE] = note

    with pytest.raises(KeyVaultLockedError, match=r"unseal key is not on .*make down"):
        world.unsealing.unseal(None)

    assert world.calls == []


def test_an_empty_vault_with_a_key_has_lost_its_data(world: World) -> None:
    world.files[UNSEAL_FILE] = b'{"key": "key-1"}'

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        world.unsealing.unseal(None)


@pytest.mark.parametrize("lost", ["the vault is sealed", "the key file is gone"])
def test_a_closed_vault_is_reported(lost: str, unsealed: World) -> None:
    if lost == "the vault is sealed":
        unsealed.sealed = True
    else:
        unsealed.files.clear()

    assert unsealed.unsealing.is_closed()


def test_an_unsealed_vault_with_its_key_is_not_closed(unsealed: World) -> None:
    assert not unsealed.unsealing.is_closed()


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "still unsealed"])
def test_a_lost_key_file_is_restored_from_the_state(*, sealed: bool, unsealed: World) -> None:
    unsealed.files.clear()
    unsealed.sealed = sealed

    assert unsealed.unsealing.unseal("key-1") == "key-1"
    assert unsealed.calls == ["store request.json", "store begun", *(["unseal"] if sealed else [])]
    assert unsealed.files[UNSEAL_FILE] == b'{"key": "key-1"}'


def test_a_truncated_key_file_is_replaced(unsealed: World) -> None:
    unsealed.files[UNSEAL_FILE] = b'{"key": "ke'
    unsealed.sealed = True

    unsealed.unsealing.unseal("key-1")

    assert unsealed.files[UNSEAL_FILE] == b'{"key": "key-1"}'
    assert not unsealed.sealed


def test_a_vault_without_its_data_is_reported_and_not_adopted(unsealed: World) -> None:
    unsealed.initialised = False

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        unsealed.unsealing.unseal("key-1")


def test_a_new_vault_in_place_of_the_recorded_one_is_reported_and_not_adopted(unsealed: World) -> None:
    unsealed.files[UNSEAL_FILE] = b'{"key": "key-2"}'

    with pytest.raises(KeyVaultLockedError, match="data volume was lost"):
        unsealed.unsealing.unseal("key-1")


def test_a_key_that_does_not_fit_is_refused(unsealed: World) -> None:
    unsealed.sealed, unsealed.key = True, "another"

    with pytest.raises(KeyVaultLockedError, match="does not match"):
        unsealed.unsealing.unseal("key-1")
