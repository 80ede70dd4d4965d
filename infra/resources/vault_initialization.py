"""The key vault's first opening, as far as the provisioner has a part in it: wait for it, fetch the key, give it back.

The container's start script initialises a new vault and opens it. The unseal key lies as a file of the vault's user
(mode 0400) on a volume of its own, where the script finds it after every restart; and, encrypted, in the stack's state.
A note on that volume tells that initialising has begun: a vault without key but with the note has never been open, so
the script empties it and begins again; one with neither is left alone, and so is one that is empty beside a key.

The root token that initialising gives is thrown away by the script; :mod:`infra.resources.vault_configuration` revokes
it. Who needs one makes it from the unseal key.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine
from infra.clients.key_vault.vault import Vault
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.clients.service_connection import ServiceConnection
from infra.errors import KeyVaultLockedError, ServiceUnreachableError
from infra.resources.provider import Props, Provider
from infra.resources.ready_gate import DEADLINE_SECONDS
from infra.resources.service_errors import at_key_vault
from infra.services import KEY_VAULT

UNSEAL_FOLDER = "/vault/unseal"
UNSEAL_FILE = "request.json"
"""Body of ``PUT /v1/sys/unseal``, so that the start script can send it without the key on a command line."""

BEGUN_FILE = "begun"
"""The note; says `ended` as soon as the key is there, so that a key lost later is never taken for one not yet made."""

_BEGUN, _ENDED = b"begun", b"ended"

_LISTENING = frozenset({200, 429, 501, 503})
_INITIALISED = frozenset({200, 429, 503})
_OPEN = KEY_VAULT.readiness.expected


class _VaultInitializationProvider(Provider):
    inputs = ("name", "address", "container", "container_id", "user", "ca_certificate")

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["container"], {**props, "unseal_key": _opened(props, known=None)})

    def observe(self, id_: str, props: Props) -> ReadResult:
        if _is_closed(props):
            # As if its container were a new one: the next update puts the key back and opens the vault.
            closed = {**props, "container_id": ""}
            return ReadResult(id_, closed, {key: closed.get(key) for key in self.inputs})
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult({**_news, "unseal_key": _opened(_news, known=_olds["unseal_key"])})


def _opened(props: Props, *, known: str | None) -> str:
    """Wait until the vault is open, help where the script cannot, and give the key that it is opened with.

    Args:
        props: Where the vault is.
        known: The key as the state has it; None for a vault that is new to the stack.
    """
    _wait(props, _probe(props, _LISTENING))
    # The key first: the script stores it only after initialising, so an empty vault beside it has lost its data.
    if _stored_key(props) is not None and not _vault(props).is_initialised():
        raise KeyVaultLockedError(_data_lost(props))
    _wait(props, _probe(props, _INITIALISED))
    _wait(props, _helping(props, known))
    stored = _stored_key(props)
    if stored is None:
        stored = _store_key(_key_for(props, known), props)
    if known is not None and stored != known:
        raise KeyVaultLockedError(_data_lost(props))
    return stored


def _helping(props: Props, known: str | None) -> Probe:
    ready = _probe(props, _OPEN)

    def probe() -> ProbeResult:
        result = ready()
        if not result.passed:
            with suppress(ServiceUnreachableError), at_key_vault(props["address"], "opening it with its key"):
                _help(props, known)
        return result

    return probe


def _help(props: Props, known: str | None) -> None:
    # The note first: the script stores the key before it says in the note that it has.
    begun, key = _has_begun(props), _stored_key(props)
    if key is None and begun:
        return
    if key is None:
        key = _store_key(_key_for(props, known), props)
    vault = _vault(props)
    if vault.is_sealed() and not vault.unseal(key):
        raise KeyVaultLockedError(
            f"opening key vault '{props['name']}': its unseal key does not fit; the data volume belongs to "
            "another key. Put the matching volumes back, or delete the stack with `make down` if its secrets may go."
        )


def _key_for(props: Props, known: str | None) -> str:
    if known is None:
        raise KeyVaultLockedError(
            f"initialising key vault '{props['name']}': it is initialised already, and its unseal key is not on "
            "the volume that keeps it. Nothing was initialised over it. Put the volume back, or run `make down` and "
            "`make up` if the vault's secrets may go."
        )
    return known


def _is_closed(props: Props) -> bool:
    vault = _vault(props)
    with at_key_vault(props["address"], "looking whether it is open"):
        return vault.is_initialised() and (vault.is_sealed() or _stored_key(props) is None)


def _vault(props: Props) -> Vault:
    return Vault(ServiceConnection(endpoint=props["address"], ca_certificate=props["ca_certificate"]))


def _probe(props: Props, expected: frozenset[int]) -> Probe:
    url = f"{props['address']}{KEY_VAULT.readiness.path}"
    return readiness_probes.http_probe(url, expected=expected, ca_certificate=props["ca_certificate"])


def _wait(props: Props, probe: Probe) -> None:
    readiness_probes.wait_until_ready(
        f"key vault '{props['name']}'", [probe], container=props["container"], deadline_seconds=DEADLINE_SECONDS
    )


def _store_key(key: str, props: Props) -> str:
    uid, _, gid = props["user"].partition(":")
    files = {UNSEAL_FILE: json.dumps({"key": key}).encode(), BEGUN_FILE: _ENDED}
    docker_engine.write_files(props["container"], UNSEAL_FOLDER, files, uid=int(uid), gid=int(gid))
    return key


def _has_begun(props: Props) -> bool:
    return docker_engine.read_file(props["container"], f"{UNSEAL_FOLDER}/{BEGUN_FILE}") == _BEGUN


def _stored_key(props: Props) -> str | None:
    """The key on its volume; a file that a crash has cut short is as good as none."""
    content = docker_engine.read_file(props["container"], f"{UNSEAL_FOLDER}/{UNSEAL_FILE}")
    try:
        return str(json.loads(content or "")["key"])
    except (ValueError, KeyError, TypeError):
        return None


def _data_lost(props: Props) -> str:
    return (
        f"opening key vault '{props['name']}': it is empty, but this stack had initialised it; its data "
        "volume was lost or replaced. Nothing was initialised over it. Put the volume back (or restore a snapshot), "
        "or run `make down` and `make up` if its secrets may go."
    )


class VaultInitialization(Resource, module="ml-workspace", name="VaultInitialization"):
    """An open key vault, and its key.

    Args:
        name: Logical name.
        vault_name: The resource as the user knows it.
        address: Base URL.
        container: Name of the vault's container.
        container_id: Its id; a new container is opened again with the key there is.
        user: ``uid:gid`` of the vault's process, who alone may read the unseal key.
        ca_certificate: CA certificate (PEM) of the vault; empty for plain HTTP.
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
        ca_certificate: pulumi.Input[str] = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "name": vault_name,
            "address": address,
            "container": container,
            "container_id": container_id,
            "user": user,
            "ca_certificate": ca_certificate,
            "unseal_key": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["unseal_key"])
        super().__init__(_VaultInitializationProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))
