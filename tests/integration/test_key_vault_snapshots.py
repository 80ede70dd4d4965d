"""Backup and restore of a whole key vault: what is restored, what keeps its current state, what is rejected."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hvac
import pytest
from docker import DockerClient

from infra.clients.key_vault import vault_snapshot
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_setup import Setup
from infra.errors import KeyVaultLockedError
from tests.support.connections import to_vault
from tests.support.key_vaults import SetUpVault, principal, set_up_vault

READS = 'path "secret/data/*" { capabilities = ["read"] }\n'


@pytest.fixture(scope="module")
def vault(engine: DockerClient) -> Iterator[SetUpVault]:
    """A vault that the tests of this file share."""
    with set_up_vault(engine) as made:
        yield made


@pytest.fixture
def snapshot(vault: SetUpVault, tmp_path: Path) -> Path:
    """A backup of it."""
    target = tmp_path / "kept.snap"
    back_up(vault, target)
    return target


@dataclass(frozen=True)
class Restored:
    """A vault in which everything has changed since its backup, and which was then restored; it takes six seconds."""

    vault: SetUpVault
    older_token: str
    login_of_gone: str


@pytest.fixture(scope="module")
def restored(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    """One restore, shared by the tests of what it changes and what it keeps."""
    with set_up_vault(engine) as vault:
        target = tmp_path_factory.mktemp("backup") / "kept.snap"
        for name in ("changed", "purged"):
            put(vault, name, "before")
        put(vault, "workspaceblobstore", "old-key", "datastores")
        vault.apply(principals={"gone": principal(READS, password="first")})
        older, login = vault.token, vault.login("gone", "first")
        back_up(vault, target)

        put(vault, "changed", "after")
        put(vault, "later", "after")
        put(vault, "workspaceblobstore", "rotated-key", "datastores")
        vault.client().secrets.kv.v2.delete_metadata_and_all_versions("purged", mount_point="secret")
        with vault.as_root() as root:
            root.write("auth/token/revoke", {"token": older})
        vault.apply(principals={"new": principal(READS, password="second")}, purge_protection=True)
        restore(vault, target)
        yield Restored(vault, older, login)


def back_up(vault: SetUpVault, target: Path) -> int:
    return vault_snapshot.back_up(Vault(to_vault(vault.props["address"], vault.token)), target)


def restore(vault: SetUpVault, source: Path) -> None:
    key, setup = vault.props["unseal_key"], Setup.of(vault.props)
    vault_snapshot.restore(
        Vault(to_vault(vault.props["address"])), source, unseal_key=key, setup=setup, token=vault.token
    )


def put(vault: SetUpVault, name: str, value: str, mount: str = "secret") -> None:
    vault.client().secrets.kv.v2.create_or_update_secret(name, {"value": value}, mount_point=mount)


def get(vault: SetUpVault, name: str, mount: str = "secret") -> str:
    answer = vault.client().secrets.kv.v2.read_secret_version(name, mount_point=mount, raise_on_deleted_version=True)
    return str(answer["data"]["data"]["value"])


def test_a_backup_is_private_and_leaves_no_other_file(snapshot: Path) -> None:
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    assert [path.name for path in snapshot.parent.iterdir()] == [snapshot.name]


def test_a_backup_contains_no_secret_in_plain_text(vault: SetUpVault, tmp_path: Path) -> None:
    put(vault, "readable", "a-value-that-nobody-may-read")

    back_up(vault, tmp_path / "kept.snap")

    assert b"a-value-that-nobody-may-read" not in (tmp_path / "kept.snap").read_bytes()


def test_secrets_are_restored_unchanged(restored: Restored) -> None:
    assert (get(restored.vault, "changed"), get(restored.vault, "purged")) == ("before", "before")
    with pytest.raises(hvac.exceptions.InvalidPath):
        get(restored.vault, "later")


def test_stack_token_newer_than_the_backup_still_works(restored: Restored) -> None:
    assert restored.vault.token != restored.older_token
    assert restored.vault.client().is_authenticated()
    assert not restored.vault.client(restored.older_token).is_authenticated()


def test_current_configuration_applies_and_no_root_token_is_restored(restored: Restored) -> None:
    put(restored.vault, "protected", "one")

    with pytest.raises(hvac.exceptions.Forbidden):
        restored.vault.client().secrets.kv.v2.destroy_secret_versions("protected", [1], mount_point="secret")
    with restored.vault.as_root() as root:
        held = [root.policies_of(accessor) for accessor in root.list("auth/token/accessors")]
    assert sum("root" in policies for policies in held) == 1, "only the asking one"


def test_a_principal_removed_since_the_backup_is_not_restored(restored: Restored) -> None:
    assert not restored.vault.client(restored.login_of_gone).is_authenticated()
    with pytest.raises(hvac.exceptions.InvalidRequest):
        restored.vault.login("gone", "first")
    assert restored.vault.login("new", "second")


def test_credentials_of_datastores_stay_valid_in_the_storage_account(restored: Restored) -> None:
    assert get(restored.vault, "workspaceblobstore", "datastores") == "rotated-key"


def test_restored_vault_unseals_itself_after_a_restart(restored: Restored, engine: DockerClient) -> None:
    put(restored.vault, "mine", "kept")

    engine.api.restart(restored.vault.container, timeout=30)

    restored.vault.wait_until_unsealed()
    assert get(restored.vault, "mine") == "kept"


def test_a_snapshot_of_another_vault_is_rejected_and_changes_nothing(
    vault: SetUpVault, engine: DockerClient, tmp_path: Path
) -> None:
    with set_up_vault(engine) as other:
        back_up(other, tmp_path / "other.snap")
    put(vault, "mine", "kept")

    with pytest.raises(KeyVaultLockedError, match="not a snapshot of this vault"):
        restore(vault, tmp_path / "other.snap")

    assert get(vault, "mine") == "kept"


@pytest.mark.parametrize("size", [0, 1000], ids=["empty", "broken off"])
def test_an_incomplete_snapshot_is_rejected_and_changes_nothing(vault: SetUpVault, snapshot: Path, size: int) -> None:
    snapshot.write_bytes(snapshot.read_bytes()[:size])
    put(vault, "mine", "kept")

    with pytest.raises(KeyVaultLockedError, match="not a snapshot of this vault"):
        restore(vault, snapshot)

    assert get(vault, "mine") == "kept"
