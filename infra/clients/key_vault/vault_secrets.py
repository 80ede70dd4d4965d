"""Secrets of a key vault with Azure's words: deleted and recoverable until a date, then purged.

KV version 2 knows deleted versions, but no date on which they go for good; that date is the deletion's plus the
retention of the stack file, and a sweep removes what is past it. A secret counts as deleted when its newest version is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.clients.key_vault.vault import Vault
from infra.rules.roles.vault_policies import SECRETS

CONTENT_TYPE, EXPIRES = "contentType", "expires"
"""Keys of the custom metadata that hold what Azure keeps beside a secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """What is known of a secret without its value.

    Attributes:
        version: The newest one.
        updated: When it was written.
        deleted: When the secret was deleted; None for one that is not.
        content_type: As its owner wrote it.
        expires: As its owner wrote it; nothing happens to the secret on that date.
        versions: Those that still hold a value, deleted ones included.
    """

    name: str
    version: int
    updated: datetime
    deleted: datetime | None
    content_type: str = ""
    expires: str = ""
    versions: tuple[int, ...] = field(default=(), repr=False)

    def purged_on(self, retention_days: int) -> datetime | None:
        """When a deleted secret may go for good; None for one that is not deleted."""
        return self.deleted + timedelta(days=retention_days) if self.deleted else None


def list_secrets(vault: Vault, *, now: datetime) -> list[Secret]:
    """All secrets, deleted ones included, in the order of their names."""
    found = (read_secret(vault, name, now=now) for name in secret_names(vault, SECRETS))
    return [secret for secret in found if secret]


def secret_names(vault: Vault, mount: str, folder: str = "") -> Iterator[str]:
    """Names of all secrets of a secrets engine, those in folders included."""
    for key in sorted(vault.list(f"{mount}/metadata/{folder}")):
        if key.endswith("/"):
            yield from secret_names(vault, mount, folder + key)
        else:
            yield folder + key


def read_secret(vault: Vault, name: str, *, now: datetime) -> Secret | None:
    """One secret; None when there is none of that name, or nothing but metadata."""
    known = vault.read(f"{SECRETS}/metadata/{name}")
    return None if known is None else from_metadata(name, known, now=now)


def from_metadata(name: str, known: Mapping[str, Any], *, now: datetime) -> Secret | None:
    """Understand the vault's answer about one secret; None when it has no version that holds a value."""
    kept = {int(number): version for number, version in known["versions"].items() if not version["destroyed"]}
    if not kept:
        return None
    newest = max(kept)
    deleted = _time(kept[newest]["deletion_time"])
    beside = known.get("custom_metadata") or {}
    return Secret(
        name=name,
        version=newest,
        updated=_time(kept[newest]["created_time"]) or now,
        deleted=deleted if deleted and deleted <= now else None,
        content_type=beside.get(CONTENT_TYPE, ""),
        expires=beside.get(EXPIRES, ""),
        versions=tuple(sorted(kept)),
    )


def read_fields(vault: Vault, mount: str, name: str) -> dict[str, Any] | None:
    """Fields of the newest version of a secret, with their values; None when it is deleted or does not exist."""
    found = vault.read(f"{mount}/data/{name}")
    return dict(found["data"]) if found and found["data"] else None


def write_secret(vault: Vault, name: str, value: str, *, content_type: str = "", expires: str = "") -> None:
    """Write a new version; content type and expiry belong to the secret and stay when they are not given."""
    vault.write(f"{SECRETS}/data/{name}", {"data": {"value": value}})
    given = {CONTENT_TYPE: content_type, EXPIRES: expires}
    beside = {key: text for key, text in given.items() if text}
    if beside:
        known = (vault.read(f"{SECRETS}/metadata/{name}") or {}).get("custom_metadata") or {}
        vault.write(f"{SECRETS}/metadata/{name}", {"custom_metadata": {**known, **beside}})


def delete_secret(vault: Vault, secret: Secret) -> None:
    """Hide every version; all can be recovered."""
    vault.write(f"{SECRETS}/delete/{secret.name}", {"versions": list(secret.versions)})


def recover_secret(vault: Vault, secret: Secret) -> None:
    """Take the deletion of every version back."""
    vault.write(f"{SECRETS}/undelete/{secret.name}", {"versions": list(secret.versions)})


def purge_secret(vault: Vault, secret: Secret) -> None:
    """Remove a secret with all its versions and metadata, for good."""
    vault.delete(f"{SECRETS}/metadata/{secret.name}")


def _time(text: str) -> datetime | None:
    # Vault writes nanoseconds, which Python does not read.
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) if text else None
