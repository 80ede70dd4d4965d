"""Validates the input of `mlw secrets` before the key vault is contacted: names, values, content types and dates."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime

from infra.errors import SecretStateError

MAX_CONTENT_TYPE = 255
"""Characters, as in Azure."""

_NOT_IN_NAMES = "#%?\\"
"""Characters that end the path of a URL, or are read as another character."""


def check_name(name: str) -> None:
    """Reject invalid secret names: in a URL they would address another secret.

    Raises:
        SecretStateError: The name is invalid.
    """
    words = name.split("/")
    if not name.isprintable() or set(words) & {"", ".", ".."} or set(name) & set(_NOT_IN_NAMES):
        raise SecretStateError(
            f"using secret {name!r}: invalid name. Allowed: words separated by single slashes, of printable "
            f"characters except {' '.join(_NOT_IN_NAMES)}; no word may be '.' or '..'."
        )


def value(name: str) -> str:
    """Standard input without the newline at its end; a prompt without echo on a terminal.

    Raises:
        SecretStateError: It is empty, or not text.
    """
    try:
        found = _typed(name) if sys.stdin and sys.stdin.isatty() else _piped()
    except UnicodeDecodeError:
        raise SecretStateError(
            f"writing secret '{name}': standard input is not text (UTF-8). Encode it, e.g. with `base64`, and say so "
            "with --content-type."
        ) from None
    if not found:
        raise SecretStateError(f"writing secret '{name}': standard input is empty. Write the value to it.")
    return found


def checked_content_type(text: str | None) -> str:
    """The content type; empty if none is given.

    Raises:
        SecretStateError: The content type is too long.
    """
    if text and len(text) > MAX_CONTENT_TYPE:
        raise SecretStateError(
            f"setting the content type: it has {len(text)} characters; allowed: {MAX_CONTENT_TYPE}, as in Azure."
        )
    return text or ""


def checked_expiry(text: str | None) -> str:
    """The expiry as it was given; empty if none is given.

    Raises:
        SecretStateError: It is not a date.
    """
    if text is None:
        return ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise SecretStateError(
            f"setting the expiry '{text}': not an ISO 8601 date or time. Give e.g. `2027-01-31` or "
            "`2027-01-31T12:00:00+00:00`."
        ) from None
    return text


def _typed(name: str) -> str:
    try:
        return getpass.getpass(f"Value of secret '{name}': ")
    except EOFError:
        return ""


def _piped() -> str:
    # None if the caller has closed it (`<&-`).
    return sys.stdin.buffer.read().decode().removesuffix("\n") if sys.stdin else ""
