"""The key vault's operator side: initialise once, unseal, get a root token from the unseal key, mount the secrets.

Where the key is kept is the caller's part; nothing here writes to disk or logs a value.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hvac

SECRETS_MOUNT = "secret"
"""Where the KV version 2 engine answers; a client's default."""

TIMEOUT_SECONDS = 60
"""Generous: initialising takes two seconds, on a machine that is busy many."""

_OTP_LENGTH = 28
"""Length of a root token, which the one-time pad of ``sys/generate-root`` has to have (Vault 1.10 and later)."""


@dataclass(frozen=True)
class VaultKeys:
    """What opens a vault. Never printed: both fields stay out of the representation."""

    unseal_key: str = field(repr=False)
    root_token: str = field(repr=False)


class Vault:
    """One key vault, reached over its HTTP API.

    Args:
        address: Base URL, e.g. ``http://127.0.0.1:20003``.
        token: Token for the calls that need one; None for the calls before there is one.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        import hvac

        self._client: hvac.Client = hvac.Client(url=address, token=token, timeout=TIMEOUT_SECONDS)

    def is_initialised(self) -> bool:
        """Whether the vault has been initialised, sealed or not."""
        return bool(self._client.sys.is_initialized())

    def is_sealed(self) -> bool:
        """Whether the vault has to be unsealed before it answers."""
        return bool(self._client.sys.is_sealed())

    def initialise(self) -> VaultKeys:
        """Initialise an empty vault with one key share. The answer comes once: keep it before anything else."""
        answer = self._client.sys.initialize(secret_shares=1, secret_threshold=1)
        return VaultKeys(unseal_key=answer["keys_base64"][0], root_token=answer["root_token"])

    def unseal(self, key: str) -> bool:
        """Offer the key; true when the vault is open afterwards, false when the key is not this vault's."""
        import hvac

        try:
            return not self._client.sys.submit_unseal_key(key)["sealed"]
        except hvac.exceptions.InvalidRequest:
            return False

    def root_token_from(self, unseal_key: str) -> str:
        """Make a new root token with the unseal key (``sys/generate-root``)."""
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        pad = "".join(secrets.choice(alphabet) for _ in range(_OTP_LENGTH))
        self._client.sys.cancel_root_generation()
        started = self._client.sys.start_root_token_generation(otp=pad)
        answer = self._client.sys.generate_root(key=unseal_key, nonce=started["nonce"])
        encoded = answer["encoded_token"]
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        return bytes(a ^ b for a, b in zip(raw, pad.encode(), strict=True)).decode()

    def ensure_secrets_engine(self) -> None:
        """Mount KV version 2 at :data:`SECRETS_MOUNT` unless it is mounted."""
        mounts = self._client.sys.list_mounted_secrets_engines()["data"]
        if f"{SECRETS_MOUNT}/" not in mounts:
            self._client.sys.enable_secrets_engine("kv", path=SECRETS_MOUNT, options={"version": "2"})

    def write_tags(self, path: str, tags: Mapping[str, str]) -> None:
        """Replace the custom metadata of a path of the secrets engine; the path need not hold a secret."""
        self._client.secrets.kv.v2.update_metadata(path, mount_point=SECRETS_MOUNT, custom_metadata=dict(tags))

    def read_tags(self, path: str) -> dict[str, str] | None:
        """Custom metadata of a path of the secrets engine; None when there is none."""
        import hvac

        try:
            answer = self._client.secrets.kv.v2.read_secret_metadata(path, mount_point=SECRETS_MOUNT)
        except hvac.exceptions.InvalidPath:
            return None
        return dict(answer["data"].get("custom_metadata") or {})

    def accepts_token(self) -> bool:
        """Whether the client's token is good."""
        return bool(self._client.is_authenticated())
