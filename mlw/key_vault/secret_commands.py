"""`mlw secrets`: list, write, delete, recover, purge, sweep."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from infra.clients.key_vault import vault_secrets as client
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_secrets import Secret
from infra.errors import SecretStateError
from mlw.command import DONE
from mlw.key_vault import secret_input as given
from mlw.key_vault.vault_access import KeyVaultAccess, access
from mlw.output import table, to_json
from mlw.stacks.stacks import open_stack

_HEADINGS = ("NAME", "VERSION", "UPDATED", "CONTENT TYPE", "EXPIRES", "DELETED", "PURGED ON")


def list_all(options: argparse.Namespace) -> int:
    """Print the secrets without their values."""
    vault_of = _open(options)
    with vault_of.connected("listing the secrets") as vault:
        found = client.list_secrets(vault, now=datetime.now(UTC))
    shown = [secret for secret in found if secret.deleted or not options.deleted]
    days = vault_of.retention_days
    if options.json:
        print(to_json([as_json(secret, days) for secret in shown]))
    else:
        print(table(_HEADINGS, [as_row(secret, days) for secret in shown]))
    return DONE


def write(options: argparse.Namespace) -> int:
    """Write standard input as a secret."""
    expires = given.checked_expiry(options.expires)
    content_type = given.checked_content_type(options.content_type)
    vault_of, value = _open(options), given.value(options.name)
    with vault_of.connected(f"writing secret '{options.name}'") as vault:
        client.write_secret(vault, options.name, value, content_type=content_type, expires=expires)
    print(f"Written: secret '{options.name}'.")
    return DONE


def delete(options: argparse.Namespace) -> int:
    """Delete a secret."""
    vault_of = _open(options)
    with vault_of.connected(f"deleting secret '{options.name}'") as vault:
        secret = _known(vault, options.name, "deleting")
        if secret.deleted:
            raise SecretStateError(f"deleting secret '{secret.name}': it is deleted already, since {_day(secret)}.")
        client.delete_secret(vault, secret)
    print(f"Deleted: secret '{options.name}'. Recover it within {vault_of.retention_days} days.")
    return DONE


def recover(options: argparse.Namespace) -> int:
    """Recover a secret."""
    with _open(options).connected(f"recovering secret '{options.name}'") as vault:
        secret = _known(vault, options.name, "recovering")
        if not secret.deleted:
            raise SecretStateError(f"recovering secret '{secret.name}': it is not deleted, so it is as it should be.")
        client.recover_secret(vault, secret)
    print(f"Recovered: secret '{options.name}'.")
    return DONE


def purge(options: argparse.Namespace) -> int:
    """Purge one secret."""
    vault_of, now = _open(options), datetime.now(UTC)
    with vault_of.connected(f"purging secret '{options.name}'") as vault:
        secret = _known(vault, options.name, "purging")
        if not secret.deleted:
            raise SecretStateError(
                f"purging secret '{secret.name}': it is not deleted. `mlw secrets delete` comes first, as in Azure."
            )
        due = secret.purged_on(vault_of.retention_days)
        if vault_of.purge_protection and due and due > now:
            raise SecretStateError(
                f"purging secret '{secret.name}': key vault '{vault_of.name}' has purge protection, and the secret was "
                f"deleted on {_day(secret)}. Nobody can purge it before {due.date()}, {vault_of.retention_days} days "
                "later; `mlw secrets sweep` does it then."
            )
        _purge(vault_of, vault, [secret])
    print(f"Purged: secret '{options.name}'.")
    return DONE


def sweep(options: argparse.Namespace) -> int:
    """Purge what is past its retention."""
    vault_of, now = _open(options), datetime.now(UTC)
    with vault_of.connected("purging secrets") as vault:
        due = past_retention(client.list_secrets(vault, now=now), vault_of.retention_days, now=now)
        if not options.dry_run:
            _purge(vault_of, vault, due)
    word = "Would purge" if options.dry_run else "Purged"
    print(f"{word}: {', '.join(secret.name for secret in due) or 'nothing'}.")
    return DONE


def past_retention(found: Sequence[Secret], retention_days: int, *, now: datetime) -> list[Secret]:
    """Deleted secrets whose scheduled purge date has come."""
    return [secret for secret in found if (due := secret.purged_on(retention_days)) and due <= now]


def as_json(secret: Secret, retention_days: int) -> dict[str, Any]:
    """One secret, in Azure's names."""
    due = secret.purged_on(retention_days)
    return {
        "name": secret.name,
        "version": secret.version,
        "updated": secret.updated.isoformat(),
        "contentType": secret.content_type or None,
        "expires": secret.expires or None,
        "deletedDate": secret.deleted.isoformat() if secret.deleted else None,
        "scheduledPurgeDate": due.isoformat() if due else None,
    }


def as_row(secret: Secret, retention_days: int) -> tuple[str, ...]:
    """One secret, for people; dates without the time."""
    due = secret.purged_on(retention_days)
    deleted = str(secret.deleted.date()) if secret.deleted else ""
    dates = (deleted, str(due.date()) if due else "")
    return (secret.name, str(secret.version), str(secret.updated.date()), secret.content_type, secret.expires, *dates)


def _open(options: argparse.Namespace) -> KeyVaultAccess:
    if "name" in options:
        given.check_name(options.name)
    return access(open_stack(options.stack))


def _purge(vault_of: KeyVaultAccess, vault: Vault, secrets: Sequence[Secret]) -> None:
    if not secrets:
        return
    # With purge protection the stack's own token has no such right; the date that ends it has been looked at.
    with vault.as_root(vault_of.props["unseal_key"]):
        for secret in secrets:
            client.purge_secret(vault, secret)


def _known(vault: Vault, name: str, doing: str) -> Secret:
    secret = client.read_secret(vault, name, now=datetime.now(UTC))
    if secret is None:
        raise SecretStateError(f"{doing} secret '{name}': there is none. `mlw secrets list` shows those that are.")
    return secret


def _day(secret: Secret) -> str:
    return str(secret.deleted.date()) if secret.deleted else ""
