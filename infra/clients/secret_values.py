"""Random values for credentials, and their hashes."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable, Mapping, Sequence

_ALPHABET = string.ascii_letters + string.digits


def alphanumeric(length: int) -> str:
    """Letters and digits, which are safe in files, headers and URLs."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


ENCODINGS: Mapping[str, Callable[[int], str]] = {"alphanumeric": alphanumeric, "base64": _base64}
"""Encoding of a value to what makes one: the length counts characters, or the random bytes that base64 encodes."""

BCRYPT_ROUNDS = 5
"""Few, as `htpasswd` has it: what is hashed is random and cannot be guessed, and the registry verifies it at every
request, at ten rounds for 75 ms of processor time instead of three."""


def generate(
    lengths: Mapping[str, int], *, hashed: Sequence[str], encodings: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, str]:
    """Make every value that is not kept already.

    Args:
        lengths: Length of each value, in the unit of its encoding.
        hashed: Values whose bcrypt hash is wanted too, as ``<name>Bcrypt``.
        encodings: Encoding of each value that is not alphanumeric; a key of :data:`ENCODINGS`.
        kept: Values and hashes that stay.
    """
    values = {
        field: kept.get(field) or ENCODINGS[encodings.get(field, "alphanumeric")](length)
        for field, length in lengths.items()
    }
    for field in hashed:
        values[f"{field}Bcrypt"] = kept.get(f"{field}Bcrypt") or _bcrypt(values[field])
    return values


def without(values: Mapping[str, str], rotated: Sequence[str]) -> dict[str, str]:
    """The values that a rotation keeps: neither those that are rotated nor their hashes."""
    gone = {name for field in rotated for name in (field, f"{field}Bcrypt")}
    return {name: value for name, value in values.items() if name not in gone}


def _bcrypt(value: str) -> str:
    import bcrypt

    return bcrypt.hashpw(value.encode(), bcrypt.gensalt(rounds=BCRYPT_ROUNDS)).decode()
