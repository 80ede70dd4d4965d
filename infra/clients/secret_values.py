"""Random values for credentials, and their hashes."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable, Mapping, Sequence

_ALPHABET = string.ascii_letters + string.digits


def alphanumeric(length: int) -> str:
    """Random letters and digits, which are safe in files, headers and URLs."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


ENCODINGS: Mapping[str, Callable[[int], str]] = {"alphanumeric": alphanumeric, "base64": _base64}
"""Maps each encoding to its generator; the length counts characters, or for base64 the encoded random bytes."""

BCRYPT_ROUNDS = 5
"""Low, like `htpasswd`'s default: the hashed values are random and cannot be guessed, and the registry verifies one
with every request, which takes 3 ms of CPU time instead of 75 ms with ten rounds."""


def generate(
    lengths: Mapping[str, int], *, hashed: Sequence[str], encodings: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, str]:
    """Generate every value that is not kept.

    Args:
        lengths: Length of each value, in the unit of its encoding.
        hashed: Values that also get a bcrypt hash, ``<name>Bcrypt``.
        encodings: Encoding of each value that is not alphanumeric; a key of :data:`ENCODINGS`.
        kept: Values and hashes to keep.
    """
    values = {
        field: kept.get(field) or ENCODINGS[encodings.get(field, "alphanumeric")](length)
        for field, length in lengths.items()
    }
    for field in hashed:
        values[f"{field}Bcrypt"] = kept.get(f"{field}Bcrypt") or _bcrypt(values[field])
    return values


def without(values: Mapping[str, str], rotated: Sequence[str]) -> dict[str, str]:
    """The values that a rotation keeps: all except the rotated ones and their hashes."""
    gone = {name for field in rotated for name in (field, f"{field}Bcrypt")}
    return {name: value for name, value in values.items() if name not in gone}


def _bcrypt(value: str) -> str:
    import bcrypt

    return bcrypt.hashpw(value.encode(), bcrypt.gensalt(rounds=BCRYPT_ROUNDS)).decode()
