"""Backup and restore of a whole key vault: raft snapshots, encrypted like the data, useless without the unseal key."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_engines import accepts, readmit_token, revoke_other_administrators
from infra.clients.key_vault.vault_secrets import secret_names
from infra.clients.key_vault.vault_setup import Setup, apply
from infra.errors import KeyVaultLockedError, NotReadyError
from infra.host.atomic_files import PRIVATE_FILE, replacing
from infra.rules.roles.vault_policies import DATASTORES

RESTORE_SECONDS = 60.0
_POLL_SECONDS = 0.05


def back_up(vault: Vault, target: Path) -> int:
    """Write a snapshot to a file that only its owner may read; if it fails, an existing file is unchanged.

    Returns:
        Its size in bytes.
    """
    with replacing(target, durable=True) as unfinished:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in vault.take_snapshot():
                file.write(chunk)
            size = file.tell()
        _read_through(unfinished)
    return size


def _read_through(snapshot: Path) -> None:
    """Raise EOFError for a truncated snapshot."""
    with gzip.open(snapshot) as file:
        while file.read(1 << 20):
            pass


def restore(vault: Vault, source: Path, *, unseal_key: str, setup: Setup, token: str) -> None:
    """Restore users' secrets from a snapshot of this vault; keep everything that belongs to the stack as it is now.

    The configuration, policies, the stack's token and the principals' logins are kept; so are the credentials in
    `datastores`, because the services that accept them are not restored.

    Args:
        vault: Unsealed; needs no token.
        source: The snapshot.
        unseal_key: The key that generates a root token.
        setup: The stack's configuration of the vault.
        token: The stack's own token.

    Raises:
        KeyVaultLockedError: The snapshot was taken from another vault. Nothing was changed.
        NotReadyError: It was not restored in time, or not at all; the vault is unsealed nevertheless.
    """
    with vault.as_root(unseal_key):
        kept = {name: vault.read(f"{DATASTORES}/data/{name}") for name in secret_names(vault, DATASTORES)}
        _take_over(vault, source, unseal_key)
    with vault.as_root(unseal_key):
        if not accepts(vault, token):
            readmit_token(vault, token)
        apply(vault, setup, token=token, known={})
        revoke_other_administrators(vault, token)
        for name, secret in kept.items():
            if secret and secret["data"] != (vault.read(f"{DATASTORES}/data/{name}") or {}).get("data"):
                vault.write(f"{DATASTORES}/data/{name}", {"data": secret["data"]})


def _take_over(vault: Vault, source: Path, unseal_key: str) -> None:
    with source.open("rb") as file:
        if not vault.apply_snapshot(file):
            raise KeyVaultLockedError(
                f"restoring the key vault from '{source}': the file is not a snapshot of this vault, or it is "
                "truncated. A snapshot can only be restored to the vault that it was taken from, because it is "
                "encrypted with its key. Nothing was changed."
            )
    deadline = time.monotonic() + RESTORE_SECONDS
    # The token of this request is not in the snapshot.
    while not vault.has_forgotten_token():
        if vault.is_sealed():
            # The vault seals itself if restoring fails; unseal it.
            vault.unseal(unseal_key)
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"restoring the key vault from '{source}': not finished after {RESTORE_SECONDS:.0f} s. "
                "Check `docker logs` of the vault's container, then run the command again."
            )
        time.sleep(_POLL_SECONDS)
