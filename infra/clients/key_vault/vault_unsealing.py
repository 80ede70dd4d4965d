"""Unseal a key vault for the first time, and later whenever its container cannot unseal itself.

The container's start script initialises a new vault and unseals it. The unseal key is stored in a file of the vault's
user (mode 0400) on a separate volume, where the script finds it after every restart, and encrypted in the stack's
state. A note on that volume says that initialisation has begun: a vault with the note but without a key has never been
unsealed, so the script empties it and starts over. A vault with neither is left alone, and so is an empty vault with a
key.

The script discards the root token of the initialisation; the unseal key can generate another one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from infra.clients.engine import docker_engine
from infra.clients.key_vault.vault import Vault
from infra.clients.readiness_probes import Probe, ProbeResult
from infra.clients.service_errors import at_key_vault
from infra.errors import KeyVaultLockedError, ServiceUnreachableError
from infra.services import UNSEAL_FOLDER

UNSEAL_FILE = "request.json"
"""Body of ``PUT /v1/sys/unseal``, so that the start script can send it without the key on a command line."""

NOTE_FILE = "begun"
"""The note; says `ended` once the key is stored, so that a key lost later is not mistaken for one not yet created."""

_BEGUN, _ENDED = b"begun", b"ended"

VOLUME_CHECK_SECONDS = 1.0
"""Pause before each look at the volume while the vault is sealed: the script usually needs no help, and a look takes
the engine as long as a new vault needs to initialise itself."""

LISTENING = frozenset({200, 429, 501, 503})
UNSEALED = frozenset({200})
"""Status codes of ``/v1/sys/health``."""


class KeyVolume(Protocol):
    """The volume with the unseal key, accessed through the vault's container."""

    def read(self, name: str) -> bytes | None:
        """Content of a file; None if it does not exist."""

    def write(self, name_to_content: dict[str, bytes]) -> None:
        """Write files that only the vault's user may read."""


class ContainerKeyVolume:
    """The volume in a running or stopped container.

    Args:
        container: Name of the vault's container.
        user: ``uid:gid`` of the vault's process.
    """

    def __init__(self, container: str, user: str) -> None:
        self._container = container
        self._uid, self._gid = (int(number) for number in user.split(":"))

    def read(self, name: str) -> bytes | None:
        """Content of a file; None if it does not exist."""
        return docker_engine.read_file(self._container, f"{UNSEAL_FOLDER}/{name}")

    def write(self, name_to_content: dict[str, bytes]) -> None:
        """Write files that only the vault's user may read."""
        docker_engine.write_files(self._container, UNSEAL_FOLDER, name_to_content, uid=self._uid, gid=self._gid)


class VaultUnsealing:
    """Unseals one key vault if its start script does not.

    Args:
        name: Name of the key vault.
        endpoint: Base URL, for messages.
        vault: The vault, without a token.
        volume: The volume with the unseal key.
        probe: Creates a probe of the vault's health that expects the given status codes.
        wait: Waits until a probe passes.
    """

    def __init__(
        self,
        *,
        name: str,
        endpoint: str,
        vault: Vault,
        volume: KeyVolume,
        probe: Callable[[frozenset[int]], Probe],
        wait: Callable[[Probe], None],
    ) -> None:
        self._name, self._endpoint = name, endpoint
        self._vault, self._volume = vault, volume
        self._probe, self._wait = probe, wait

    def unseal(self, known: str | None) -> str:
        """Wait until the vault is unsealed, help if the script cannot, and return the unseal key.

        Args:
            known: The key in the state; None for a vault that is new to the stack.

        Raises:
            KeyVaultLockedError: The vault's data or key is lost; the vault was not initialised again.
        """
        self._wait(self._probe(LISTENING))
        self._wait(self._helping(known))
        stored = self._stored_key()
        if stored is None:
            stored = self._store(self._require(known))
        if known is not None and stored != known:
            raise self._data_lost()
        return stored

    def is_closed(self) -> bool:
        """Whether an update must unseal it or restore its key."""
        with at_key_vault(self._endpoint, "reading the seal status"):
            return self._vault.is_initialised() and (self._vault.is_sealed() or self._stored_key() is None)

    def help(self, known: str | None) -> None:
        """Do once what the script cannot: restore a lost key, and unseal with the existing key.

        Raises:
            KeyVaultLockedError: As in :meth:`unseal`.
        """
        # The note first: the script stores the key before it updates the note.
        begun, key = self._volume.read(NOTE_FILE) == _BEGUN, self._stored_key()
        if key is None and begun:
            return
        # After the key: the script stores it only after initialising, so an empty vault with a key has lost its data.
        if not self._vault.is_initialised():
            if key is not None:
                raise self._data_lost()
            return
        if key is None:
            key = self._store(self._require(known))
        if self._vault.is_sealed() and not self._vault.unseal(key):
            raise KeyVaultLockedError(
                f"unsealing key vault '{self._name}': the unseal key does not match; the data volume belongs to "
                "another key. Restore the matching volumes, or delete the stack with `make down` if its secrets may be "
                "lost."
            )

    def _helping(self, known: str | None) -> Probe:
        ready, next_look = self._probe(UNSEALED), time.monotonic() + VOLUME_CHECK_SECONDS

        def probe() -> ProbeResult:
            nonlocal next_look
            result = ready()
            if not result.passed and time.monotonic() >= next_look:
                next_look = time.monotonic() + VOLUME_CHECK_SECONDS
                with suppress(ServiceUnreachableError), at_key_vault(self._endpoint, "unsealing"):
                    self.help(known)
            return result

        return probe

    def _stored_key(self) -> str | None:
        """The key on its volume; None if the file is missing, or truncated by a crash."""
        try:
            return str(json.loads(self._volume.read(UNSEAL_FILE) or "")["key"])
        except (ValueError, KeyError, TypeError):
            return None

    def _store(self, key: str) -> str:
        self._volume.write({UNSEAL_FILE: json.dumps({"key": key}).encode(), NOTE_FILE: _ENDED})
        return key

    def _require(self, known: str | None) -> str:
        if known is None:
            raise KeyVaultLockedError(
                f"initialising key vault '{self._name}': it is already initialised, but its unseal key is not on the "
                "key's volume. The vault was not initialised again. Restore the volume, or run `make down` and "
                "`make up` if the vault's secrets may be lost."
            )
        return known

    def _data_lost(self) -> KeyVaultLockedError:
        return KeyVaultLockedError(
            f"unsealing key vault '{self._name}': it is empty, but this stack has initialised it before; its data "
            "volume was lost or replaced. The vault was not initialised again. Restore the volume or a snapshot, or "
            "run `make down` and `make up` if its secrets may be lost."
        )
