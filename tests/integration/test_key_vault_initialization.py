"""First opening of a real vault, when its container or the run that waits for it ends at the worst moments."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from infra.clients.key_vault.vault import Vault
from infra.errors import KeyVaultLockedError
from infra.resources.vault_initialization import (
    BEGUN_FILE,
    UNSEAL_FILE,
    UNSEAL_FOLDER,
    _VaultInitializationProvider,
)
from tests.support.engine import read_files, run_in
from tests.support.key_vaults import new_vault


@pytest.fixture
def vault(engine: DockerClient) -> Iterator[dict[str, Any]]:
    """A container as the component makes it, never initialised; gives the provider's properties."""
    with new_vault(engine) as made:
        yield made


def _create(vault: dict[str, Any]) -> str:
    outs = _VaultInitializationProvider().create(vault).outs
    assert outs is not None
    return str(outs["unseal_key"])


def test_a_vault_initialises_and_opens_itself_and_the_provisioner_gets_its_key(vault: dict[str, Any]) -> None:
    key = _create(vault)

    with (opened := Vault(vault["address"])).as_root(key):
        assert opened.accepts_token()


def test_a_vault_killed_before_its_key_was_stored_is_begun_again_by_itself(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"rm {UNSEAL_FOLDER}/{UNSEAL_FILE}; printf begun > {UNSEAL_FOLDER}/{BEGUN_FILE}")

    engine.api.restart(vault["container"])

    with (again := Vault(vault["address"])).as_root(_create(vault)):
        assert again.accepts_token()


def test_a_container_killed_again_and_again_in_its_first_moments_ends_open(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    for moment in range(6):
        time.sleep(moment * 0.4)  # before, during and after the election that initialising waits for
        engine.api.restart(vault["container"], timeout=0)

    with (opened := Vault(vault["address"])).as_root(_create(vault)):
        assert opened.accepts_token()


def test_a_run_that_ended_after_the_vault_was_opened_goes_on_with_the_same_vault(vault: dict[str, Any]) -> None:
    with (before := Vault(vault["address"])).as_root(_create(vault)):
        before.write("sys/mounts/kept", {"type": "kv"})
        before.write("kept/a", {"value": "1"})

    second = _create(vault)

    with (after := Vault(vault["address"])).as_root(second):
        assert after.read("kept/a") == {"value": "1"}


def test_a_vault_opened_once_is_never_emptied_even_when_its_key_is_gone(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    first = _create(vault)
    run_in(engine, vault["container"], f"rm -f {UNSEAL_FOLDER}/{UNSEAL_FILE}")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="unseal key is not on"):
        _create(vault)

    put_back = _VaultInitializationProvider().update("kv", {**vault, "unseal_key": first}, vault).outs
    assert put_back is not None
    with (after := Vault(vault["address"])).as_root(first):
        assert after.accepts_token()


def test_a_container_killed_between_the_key_and_its_note_never_empties_the_vault_for_it(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"printf begun > {UNSEAL_FOLDER}/{BEGUN_FILE}")
    engine.api.restart(vault["container"])
    _create(vault)
    run_in(engine, vault["container"], f"rm {UNSEAL_FOLDER}/{UNSEAL_FILE}")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="Nothing was initialised over it"):
        _create(vault)


def test_a_vault_whose_key_and_note_are_gone_is_not_initialised_over(
    vault: dict[str, Any], engine: DockerClient
) -> None:
    _create(vault)
    run_in(engine, vault["container"], f"rm -f {UNSEAL_FOLDER}/*")
    engine.api.restart(vault["container"])

    with pytest.raises(KeyVaultLockedError, match="Nothing was initialised over it"):
        _create(vault)

    assert Vault(vault["address"]).is_initialised()
    assert Vault(vault["address"]).is_sealed()
    # A note would have the script empty it at the next start.
    assert read_files(engine, vault["container"], UNSEAL_FOLDER) == {}


def test_the_root_token_of_the_first_opening_stands_nowhere(vault: dict[str, Any], engine: DockerClient) -> None:
    _create(vault)

    seen = engine.api.logs(vault["container"]).decode() + str(engine.api.top(vault["container"]))
    files = read_files(engine, vault["container"], UNSEAL_FOLDER)

    assert "hvs." not in seen
    assert not [name for name, content in files.items() if b"hvs." in content]
