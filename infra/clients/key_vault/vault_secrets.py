"""Secrets of a key vault with Azure's semantics: a deleted secret is recoverable until a date, then purged.

KV version 2 has deleted versions, but no purge date; that date is the deletion date plus the retention in the stack
file, and a sweep purges secrets after it. A secret counts as deleted if its newest version is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.clients.key_vault.vault import Vault
from infra.rules.roles.vault_policies import SECRETS

CONTENT_TYPE, EXPIRES = "contentType", "expires"
"""Keys of the custom metadata for attributes that Azure stores with a secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A secret without its value.

    Attributes:
        version: The newest version.
        updated: When that version was written.
        deleted: When the secret was deleted; None if it is not deleted.
        content_type: As set by its owner.
        expires: As set by its owner; informational only.
        versions: Versions that still have a value, including deleted ones.
    """

    name: str
    version: int
    updated: datetime
    deleted: datetime | None
    content_type: str = ""
    expires: str = ""
    versions: tuple[int, ...] = field(default=(), repr=False)

    def purged_on(self, retention_days: int) -> datetime | None:
        """When a deleted secret may be purged; None if it is not deleted."""
        return self.deleted + timedelta(days=retention_days) if self.deleted else None


def list_secrets(vault: Vault, *, now: datetime) -> list[Secret]:
    """All secrets, including deleted ones, sorted by name."""
    found = (read_secret(vault, name, now=now) for name in secret_names(vault, SECRETS))
    return [secret for secret in found if secret]


def secret_names(vault: Vault, mount: str, folder: str = "") -> Iterator[str]:
    """Names of all secrets of a secrets engine, including those in folders."""
    for key in sorted(vault.list(f"{mount}/metadata/{folder}")):
        if key.endswith("/"):
            yield from secret_names(vault, mount, folder + key)
        else:
            yield folder + key


def read_secret(vault: Vault, name: str, *, now: datetime) -> Secret | None:
    """Read one secret; None if it does not exist or has only metadata."""
    known = vault.read(f"{SECRETS}/metadata/{name}")
    return None if known is None else from_metadata(name, known, now=now)


def from_metadata(name: str, known: Mapping[str, Any], *, now: datetime) -> Secret | None:
    """Parse the vault's metadata of a secret; None if no version has a value."""
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
    """Write a new version; content type and expiry belong to the secret and are kept if not given."""
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
    """Recover every version."""
    vault.write(f"{SECRETS}/undelete/{secret.name}", {"versions": list(secret.versions)})


def purge_secret(vault: Vault, secret: Secret) -> None:
    """Permanently remove a secret with all its versions and metadata."""
    vault.delete(f"{SECRETS}/metadata/{secret.name}")


def _time(text: str) -> datetime | None:
    # Vault returns nanoseconds, which Python cannot parse.
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) if text else None
