"""The users: names, digests of their passwords and the operations that they may do.

The file is read again whenever it has changed, so that the next request is refused when a login or a role was removed.
Passwords are 256 random bits, so a slow hash adds nothing: one SHA-256 takes microseconds where scrypt takes 111 ms.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NOBODY = "0" * 64


class UsersUnavailableError(Exception):
    """The file of the users is missing, or being written."""


@dataclass(frozen=True, slots=True)
class User:
    """A principal who has logged in."""

    name: str
    digest: str
    """SHA-256 of the password, in hexadecimal."""
    operations: frozenset[str]
    """Like `runs/write`: Azure's operations without what they all begin with."""


class Users:
    """The current content of the file."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet: the first login reads the file."""
        self._path = path
        self._read_as: tuple[int, int, int] | None = None
        self._by_name: Mapping[str, User] = {}
        self._by_digest: Mapping[str, User] = {}

    def authenticate(self, authorization: str) -> User | None:
        """Return the user of an `Authorization` header; None if it is not one of ours.

        Raises:
            UsersUnavailableError: Nobody can log in at the moment.
        """
        self._refresh()
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._by_digest.get(_digest(credentials.strip()))
        if scheme.lower() != "basic":
            return None
        name, password = _decode(credentials.strip())
        user = self._by_name.get(name)
        is_right = hmac.compare_digest(_digest(password), user.digest if user else _NOBODY)
        return user if is_right else None

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            if version == self._read_as:
                return
            users = _parse(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise UsersUnavailableError(f"the file of the users '{self._path}' cannot be read: {exc!r}") from exc
        self._by_name = {user.name: user for user in users}
        self._by_digest = {user.digest: user for user in users}
        self._read_as = version


def _parse(text: str) -> list[User]:
    return [
        User(str(entry["name"]), str(entry["password"]).lower(), frozenset(entry["operations"]))
        for entry in json.loads(text)["users"]
    ]


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _decode(credentials: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password
