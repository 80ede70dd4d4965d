"""What the instance's user may use: the token of the instance itself, and the variables of kernels and terminals.

Both are in one file of mode 0400, which is written again when keys are rotated. Variables are set in the environment of
the server, which kernels and terminals inherit when they start. None of them is in the container's definition.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOG = logging.getLogger("instance")


@dataclass(frozen=True, slots=True)
class KeyVaultLogin:
    """How the user logs in to the key vault."""

    address: str
    username: str
    password: str = field(repr=False)


@dataclass(kw_only=True, slots=True)
class Access:
    """The file and its content as last read.

    Attributes:
        file: The file.
        environment: Where the variables are set.
    """

    file: Path
    environment: MutableMapping[str, str] = field(default_factory=lambda: os.environ)
    user: str = ""
    token: str = field(default="", repr=False)
    key_vault: KeyVaultLogin | None = field(default=None, repr=False)
    datastores: dict[str, str] = field(default_factory=dict)
    """Container of each datastore in the workspace's storage account."""
    _set: set[str] = field(default_factory=set)
    _seen: tuple[int, int] = (0, 0)

    @property
    def login(self) -> str:
        """Identifies the token without revealing it; a session belongs to one token."""
        return hashlib.sha256(f"login:{self.token}".encode()).hexdigest()

    def refresh(self) -> bool:
        """Read the file if it has changed.

        Returns:
            Whether it has. A file that cannot be read leaves everything as it is.
        """
        try:
            status = self.file.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if seen == self._seen:
                return False
            document = json.loads(self.file.read_text(encoding="utf-8"))
            self._apply(document)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            _LOG.error("reading '%s': %s: %s", self.file, type(exc).__name__, exc)
            return False
        self._seen = seen
        return True

    def _apply(self, document: Mapping[str, Any]) -> None:
        user, token = str(document["user"]), str(document["token"])
        variables = {str(name): str(value) for name, value in document["variables"].items()}
        login = document.get("keyVault")
        self.datastores = {str(name): str(bucket) for name, bucket in (document.get("datastores") or {}).items()}
        self.key_vault = KeyVaultLogin(login["address"], login["username"], login["password"]) if login else None
        self.user, self.token = user, token
        for name in self._set - set(variables):
            self.environment.pop(name, None)
        self.environment.update(variables)
        self._set = set(variables)
