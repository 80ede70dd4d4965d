"""First unsealing of a real vault whose container, or the run that waits for it, is killed at the worst moments."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_unsealing import NOTE_FILE, UNSEAL_FILE
from infra.errors import KeyVaultLockedError
from infra.resources.vault_initialization import VaultInitializationProvider
from infra.services import UNSEAL_FOLDER
from tests.support.connections import to_vault
from tests.support.engine import read_files, run_in
from tests.support.key_vaults import new_vault


@pytest.fixture
def vault(engine: DockerClient) -> Iterator[dict[str, Any]]:
    """A container as the component creates it, never initialised; yields the provider's properties."""
    with new_vault(engine) as made:
        yield made


def _create(vault: dict[str, Any]) -> str:
    outs = VaultInitializationProvider().create(vault).outs
    assert outs is not None
    return str(outs["unseal_key"])


def test_vault_initializes_and_unseals_itself_and_hands_over_its_key(vault: dict[str, Any]) -> None:
    key = _create(vault)

    with (unsealed := Vault(to_vault(vault["address"]))).as_root(key):
        assert unsealed.accepts_token()


def test_vault_killed_before_its_key_was_stored_initializes_again(vault: dict[str, Any], engine: DockerClient) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"rm {UNSEAL_FOLDER}/{UNSEAL_FILE}; printf begun > {UNSEAL_FOLDER}/{NOTE_FILE}")

    engine.api.restart(vault["container"])

    with (again := Vault(to_vault(vault["address"]))).as_root(_create(vault)):
        assert again.accepts_token()


def test_vault_killed_repeatedly_while_starting_ends_unsealed(vault: dict[str, Any], engine: DockerClient) -> None:
    for moment in range(6):
        time.sleep(moment * 0.4)  # before, during and after the election that initialising waits for
        engine.api.restart(vault["container"], timeout=0)

    with (unsealed := Vault(to_vault(vault["address"]))).as_root(_create(vault)):
        assert unsealed.accepts_token()


def test_run_interrupted_after_unsealing_continues_with_the_same_vault(vault: dict[str, Any]) -> None:
    with (before := Vault(to_vault(vault["address"]))).as_root(_create(vault)):
        before.write("sys/mounts/kept", {"type": "kv"})
        before.write("kept/a", {"value": "1"})

    second = _create(vault)

    with (after := Vault(to_vault(vault["address"]))).as_root(second):
        assert after.read("kept/a") == {"value": "1"}


def test_vault_once_unsealed_is_never_emptied_even_without_its_key(vault: dict[str, Any], engine: DockerClient) -> None:
    first = _create(vault)
    run_in(engine, vault["container"], f"rm -f {UNSEAL_FOLDER}/{UNSEAL_FILE}")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="unseal key is not on"):
        _create(vault)

    put_back = VaultInitializationProvider().update("kv", {**vault, "unseal_key": first}, vault).outs
    assert put_back is not None
    with (after := Vault(to_vault(vault["address"]))).as_root(first):
        assert after.accepts_token()


def test_vault_killed_between_storing_key_and_note_is_not_emptied(vault: dict[str, Any], engine: DockerClient) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"printf begun > {UNSEAL_FOLDER}/{NOTE_FILE}")
    engine.api.restart(vault["container"])
    _create(vault)
    run_in(engine, vault["container"], f"rm {UNSEAL_FOLDER}/{UNSEAL_FILE}")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="The vault was not initialised again"):
        _create(vault)


def test_vault_without_key_and_note_is_not_initialized_again(vault: dict[str, Any], engine: DockerClient) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"rm -f {UNSEAL_FOLDER}/*")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="The vault was not initialised again"):
        _create(vault)

    assert Vault(to_vault(vault["address"])).is_initialised()
    assert Vault(to_vault(vault["address"])).is_sealed()
    # A note would have the script empty it at the next start.
    assert read_files(engine, vault["container"], UNSEAL_FOLDER) == {}


def test_initial_root_token_is_stored_nowhere(vault: dict[str, Any], engine: DockerClient) -> None:
    _create(vault)

    seen = engine.api.logs(vault["container"]).decode() + str(engine.api.top(vault["container"]))
    files = read_files(engine, vault["container"], UNSEAL_FOLDER)

    assert "hvs." not in seen
    assert not [name for name, content in files.items() if b"hvs." in content]
