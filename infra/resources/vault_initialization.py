"""The key vault's first opening: initialised once, unsealed, its secrets engine mounted; the key kept where it belongs.

The unseal key lies as a file of the vault's user (mode 0400) on a volume of its own, where the container's entry script
finds it after every restart; and, encrypted, in the stack's state. It is written to the volume before anything else
happens with the new vault: a run that is killed afterwards finds it there and goes on. A note on the same volume tells
that initialising has begun: a vault without key but with the note has never been open, so it may be emptied and begun
again; one with neither is left alone.

The root token that initialising gives is revoked at once and kept nowhere: who needs one makes it from the unseal key.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra import health
from infra.clients import engine
from infra.clients.reaching import reaching
from infra.clients.vault import Vault
from infra.errors import KeyVaultLockedError
from infra.resources.base import Props, Provider
from infra.resources.ready_gate import DEADLINE_SECONDS

UNSEAL_FOLDER = "/vault/unseal"
UNSEAL_FILE = "request.json"
"""Body of ``PUT /v1/sys/unseal``, so that the entry script can send it without the key on a command line."""

BEGUN_FILE = "begun"
"""The note; says `ended` as soon as the key is there, so that a key lost later is never taken for one not yet made."""

_BEGUN, _ENDED = b"begun", b"ended"

DATA_FOLDER = "/vault/file"

_LISTENING = frozenset({200, 429, 501, 503})
_OPEN = frozenset({200})


class _VaultInitializationProvider(Provider):
    inputs = ("name", "address", "container", "container_id", "user", "authority")

    def create(self, props: Props) -> CreateResult:
        _wait(props, _LISTENING)
        vault = _vault(props)
        if vault.is_initialised() and _never_opened(props):
            engine.restart_emptied(props["container"], DATA_FOLDER)
            _wait(props, _LISTENING)
        if vault.is_initialised():
            key = _known_key(props)
            _open(vault, key, props)
        else:
            _write_files(props, {BEGUN_FILE: _BEGUN})
            keys = vault.initialise()
            key = keys.unseal_key
            _store_key(key, props)
            _open(vault, key, props)
            _vault(props, keys.root_token).revoke_own_token()
        return CreateResult(props["container"], {**props, "unseal_key": key})

    def observe(self, id_: str, props: Props) -> ReadResult:
        if _is_closed(props):
            # As if its container were a new one: the next update puts the key back and opens the vault.
            closed = {**props, "container_id": ""}
            return ReadResult(id_, closed, {key: closed.get(key) for key in self.inputs})
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _wait(_news, _LISTENING)
        vault = _vault(_news)
        if not vault.is_initialised():
            raise KeyVaultLockedError(_data_lost(_news))
        if _stored_key(_news) is None:
            _store_key(_olds["unseal_key"], _news)
        _open(vault, _olds["unseal_key"], _news)
        return UpdateResult({**_news, "unseal_key": _olds["unseal_key"]})


def _vault(props: Props, token: str | None = None) -> Vault:
    return Vault(props["address"], token, authority=props.get("authority", ""))


def _is_closed(props: Props) -> bool:
    vault = _vault(props)
    with reaching("key vault", props["address"]):
        return vault.is_initialised() and (vault.is_sealed() or _stored_key(props) is None)


def _wait(props: Props, expected: frozenset[int]) -> None:
    health.wait_until_ready(
        f"key vault '{props['name']}'",
        [
            health.http_probe(
                f"{props['address']}/v1/sys/health", expected=expected, authority=props.get("authority", "")
            )
        ],
        container=props["container"],
        deadline_seconds=DEADLINE_SECONDS,
    )


def _open(vault: Vault, key: str, props: Props) -> None:
    if vault.is_sealed() and not vault.unseal(key):
        raise KeyVaultLockedError(
            f"opening key vault '{props['name']}': its unseal key does not fit; the data volume belongs to "
            "another key. Put the matching volumes back, or delete the stack with `make down` if its secrets may go."
        )
    _wait(props, _OPEN)


def _store_key(key: str, props: Props) -> None:
    _write_files(props, {UNSEAL_FILE: json.dumps({"key": key}).encode(), BEGUN_FILE: _ENDED})


def _write_files(props: Props, files: dict[str, bytes]) -> None:
    uid, _, gid = props["user"].partition(":")
    engine.write_files(props["container"], UNSEAL_FOLDER, files, uid=int(uid), gid=int(gid))


def _never_opened(props: Props) -> bool:
    begun = engine.read_file(props["container"], f"{UNSEAL_FOLDER}/{BEGUN_FILE}") == _BEGUN
    return begun and _stored_key(props) is None


def _stored_key(props: Props) -> str | None:
    content = engine.read_file(props["container"], f"{UNSEAL_FOLDER}/{UNSEAL_FILE}")
    return str(json.loads(content)["key"]) if content else None


def _known_key(props: Props) -> str:
    key = _stored_key(props)
    if key is None:
        raise KeyVaultLockedError(
            f"initialising key vault '{props['name']}': it is initialised already, and its unseal key is not on "
            "the volume that keeps it. Nothing was initialised over it. Put the volume back, or run `make down` and "
            "`make up` if the vault's secrets may go."
        )
    return key


def _data_lost(props: Props) -> str:
    return (
        f"opening key vault '{props['name']}': it is empty, but this stack had initialised it; its data "
        "volume was lost or replaced. Nothing was initialised over it. Put the volume back (or restore a snapshot), "
        "or run `make down` and `make up` if its secrets may go."
    )


class VaultInitialization(Resource, module="ml-workspace", name="VaultInitialization"):
    """Initialises and opens a key vault.

    Args:
        name: Logical name.
        vault_name: The resource as the user knows it.
        address: Base URL.
        container: Name of the vault's container.
        container_id: Its id; a new container is opened again with the key there is.
        user: ``uid:gid`` of the vault's process, who alone may read the unseal key.
        authority: Certificate (PEM) of the authority to trust; empty for plain HTTP.
        opts: Resource options.
    """

    address: pulumi.Output[str]
    """Base URL, known only when the vault is open."""

    unseal_key: pulumi.Output[str]
    """What opens the vault, and what a root token is made from; secret."""

    def __init__(
        self,
        name: str,
        *,
        vault_name: str,
        address: pulumi.Input[str],
        container: str,
        container_id: pulumi.Input[str],
        user: str,
        authority: pulumi.Input[str] = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "name": vault_name,
            "address": address,
            "container": container,
            "container_id": container_id,
            "user": user,
            "authority": authority,
            "unseal_key": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["unseal_key"])
        super().__init__(_VaultInitializationProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))
