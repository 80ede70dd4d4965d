"""A token of the key vault for kernels and terminals.

A token of a login is valid for an hour, and for a day if it is renewed. The server renews it, so that a kernel keeps
the one that it started with, and logs in again when that is no longer possible.
"""

from __future__ import annotations

import json
import logging
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .user_access import KeyVaultLogin

VARIABLE = "VAULT_TOKEN"
RENEWAL_SECONDS = 1200.0
RETRY_SECONDS = 20.0

_LOG = logging.getLogger("instance")
_TIMEOUT_SECONDS = 10.0


@dataclass(kw_only=True, slots=True)
class KeyVaultToken:
    """The token of one user.

    Attributes:
        trusted: File with the CA certificate of the key vault; None for plain HTTP.
        value: The token; empty before the first login.
    """

    trusted: Path | None = None
    value: str = field(default="", repr=False)

    def keep(self, login: KeyVaultLogin, *, is_new: bool) -> bool:
        """Renew the token, or log in if there is none or it cannot be renewed.

        Args:
            login: How to log in.
            is_new: Whether the password has changed, which revokes all tokens.

        Returns:
            Whether there is a valid token.
        """
        if self.value and not is_new and self._post(login, "auth/token/renew-self", {}, quiet=True):
            return True
        path = f"auth/userpass/login/{login.username.lower()}"
        found = self._post(login, path, {"password": login.password})
        self.value = str(found["auth"]["client_token"]) if found else ""
        return bool(found)

    def _post(
        self, login: KeyVaultLogin, path: str, body: Mapping[str, str], *, quiet: bool = False
    ) -> dict[str, Any] | None:
        request = urllib.request.Request(  # noqa: S310 - an address of the configuration
            f"{login.address}/v1/{path}",
            data=json.dumps(body).encode(),
            headers={"X-Vault-Token": self.value} if self.value else {},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=self._context()) as response:  # noqa: S310
                found: dict[str, Any] = json.load(response)
                return found
        except (OSError, ValueError) as exc:
            if not quiet:
                _LOG.warning("logging in to the key vault: %s", exc)
            return None

    def _context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=str(self.trusted)) if self.trusted else None
