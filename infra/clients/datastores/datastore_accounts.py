"""Credentials of datastores: one service account in the storage account for each, stored only in the key vault.

A datastore's service account has one of two access keys, derived from the workspace and the datastore's name. The vault
stores one of them; the other one is unused, or left over from an interrupted rotation. So accounts can be found,
completed and removed without listing the accounts, which is the slowest request.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault.vault import Vault
from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.object_store import REGION
from infra.clients.storage.storage_admin import ServiceAccount, StorageAdmin, can_use
from infra.errors import StorageAccessError
from infra.rules.datastores.datastore_policy import datastore_policy

MOUNT = "datastores"
_SLOTS = "AB"
_KEY_LENGTH, _SECRET_LENGTH, _NAME_LENGTH = 20, 40, 32
_ALPHABET = string.ascii_letters + string.digits
_PARALLEL = 8

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class Datastore:
    """One datastore; `given` is the content of the secret of an external datastore."""

    name: str
    type: str
    container: str
    has_record: bool = False
    given: Mapping[str, str] | None = field(default=None, repr=False)


class DatastoreAccounts:
    """Service accounts and secrets of one workspace's datastores.

    Args:
        storage_account: Connection with the root keys.
        key_vault: Connection with a token that may write to the mount.
        workspace_id: GUID of the workspace.
        folder: Folder in the mount, for another stack's vault; empty for the stack's own vault.
    """

    def __init__(
        self, *, storage_account: ServiceConnection, key_vault: ServiceConnection, workspace_id: str, folder: str
    ) -> None:
        self._storage, self._workspace_id = storage_account, workspace_id
        self._prefix = f"{folder}/" if folder else ""
        self._vault_address = key_vault.endpoint
        self._vault = Vault(key_vault)
        self._admin = StorageAdmin(storage_account)

    def path(self, name: str) -> str:
        """Mount and path of a datastore's secret in the vault."""
        return f"{MOUNT}/{self._prefix}{name}"

    def ensure(self, datastores: Sequence[Datastore], *, rewrite: bool = False) -> None:
        """Create or repair the account and the secret of every datastore.

        The secret is written first: after a killed run, the next one finds it and creates the account from it.

        Args:
            datastores: All datastores.
            rewrite: Whether to rewrite the policies of existing accounts.
        """
        wanted = _each(datastores, self._ensure_secret)
        own = [(store, secret) for (store, (secret, _)) in zip(datastores, wanted, strict=True) if not store.given]
        fresh = {store.name for store, (_, is_new) in zip(datastores, wanted, strict=True) if is_new}
        with self._reporting_storage():
            missing = _each(own, lambda pair: rewrite or pair[0].name in fresh or not self._works(pair[1]))
            accounts = [_account(*pair) for pair, wrong in zip(own, missing, strict=True) if wrong]
            if accounts:
                self._admin.put_service_accounts(accounts)

    def broken(self, datastores: Sequence[Datastore]) -> list[str]:
        """Names of datastores without a secret, or whose credentials do not work."""

        def is_broken(store: Datastore) -> bool:
            secret = self._read(store.name)
            if not secret or store.given:
                return secret != self._secret_of(store, secret)
            with self._reporting_storage():
                return not self._works(secret)

        return [store.name for store, wrong in zip(datastores, _each(datastores, is_broken), strict=True) if wrong]

    def rotate(self, store: Datastore) -> None:
        """Replace a datastore's keys; the old ones are revoked only after the vault has the new ones.

        Raises:
            StorageAccessError: The vault has no secret of this datastore to replace.
        """
        secret = self._read(store.name)
        keys = self._access_keys(store.name)
        if not secret or secret.get("accessKey") not in keys:
            raise StorageAccessError(
                f"rotating the keys of datastore '{store.name}': the key vault has no keys at "
                f"'{self.path(store.name)}'. Run `pulumi refresh` and `make up`, which create new ones."
            )
        old = secret["accessKey"]
        (new,) = (key for key in keys if key != old)
        changed = {**secret, "accessKey": new, "secretKey": _new_secret()}
        with self._reporting_storage():
            self._admin.put_service_accounts([_account(store, changed)])
        self._write(store.name, changed)
        with self._reporting_storage():
            self._admin.remove_service_account(old)

    def remove_accounts(self, names: Sequence[str]) -> None:
        """Remove the accounts of datastores, including left-over ones; missing accounts are ignored."""
        with self._reporting_storage():
            _each([key for name in names for key in self._access_keys(name)], self._admin.remove_service_account)

    def remove_secrets(self, names: Sequence[str]) -> None:
        """Remove the secrets of datastores with all versions; with purge protection, only delete the newest version."""
        with self._reporting_vault():
            for name in names:
                self._remove_secret(name)

    def _remove_secret(self, name: str) -> None:
        import hvac

        try:
            self._vault.delete(f"{MOUNT}/metadata/{self._prefix}{name}")
        except hvac.exceptions.Forbidden:
            self._vault.delete(f"{MOUNT}/data/{self._prefix}{name}")

    def _ensure_secret(self, store: Datastore) -> tuple[dict[str, str], bool]:
        """Write the secret if needed; return it, and whether the account must be updated."""
        found = self._read(store.name)
        wanted = self._secret_of(store, found)
        if wanted != found:
            self._write(store.name, wanted)
        follows = ("accessKey", "secretKey", "container")
        return wanted, any(wanted[key] != (found or {}).get(key) for key in follows)

    def _secret_of(self, store: Datastore, found: Mapping[str, str] | None) -> dict[str, str]:
        if store.given:
            return {"type": store.type, "container": store.container, **store.given}
        keys, known = self._access_keys(store.name), found or {}
        kept = known if known.get("accessKey") in keys and known.get("secretKey") else {}
        secret = {
            "type": store.type,
            "endpoint": self._storage.endpoint,
            "region": REGION,
            "container": store.container,
            "accessKey": kept.get("accessKey") or keys[0],
            "secretKey": kept.get("secretKey") or _new_secret(),
        }
        ca_certificate = self._storage.ca_certificate
        return {**secret, "authority": ca_certificate} if ca_certificate else secret

    def _access_keys(self, name: str) -> list[str]:
        digest = hashlib.sha256(f"{self._workspace_id}/{name}".encode()).digest()
        stem = base64.b32encode(digest).decode()[: _KEY_LENGTH - 1]
        return [stem + slot for slot in _SLOTS]

    def _works(self, secret: Mapping[str, str]) -> bool:
        return can_use(replace(self._storage, credentials=secret), secret["container"])

    def _read(self, name: str) -> dict[str, str] | None:
        with self._reporting_vault():
            found = self._vault.read(f"{MOUNT}/data/{self._prefix}{name}")
        return dict(found["data"]) if found and found.get("data") else None

    def _write(self, name: str, secret: Mapping[str, str]) -> None:
        with self._reporting_vault():
            self._vault.write(f"{MOUNT}/data/{self._prefix}{name}", {"data": dict(secret)})

    def _reporting_storage(self) -> AbstractContextManager[None]:
        return reporting_unreachable("storage account", self._storage.endpoint)

    def _reporting_vault(self) -> AbstractContextManager[None]:
        return reporting_unreachable("key vault", self._vault_address)


def _account(store: Datastore, secret: Mapping[str, str]) -> ServiceAccount:
    return ServiceAccount(
        access_key=secret["accessKey"],
        secret_key=secret["secretKey"],
        policy=datastore_policy(store.container, has_record=store.has_record),
        name=store.name[:_NAME_LENGTH],
    )


def _new_secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def _each(items: Sequence[Any], work: Callable[[Any], _Result]) -> list[_Result]:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(work, items))
