"""Encode tags for the services' metadata, which allow fewer characters than Azure.

Bucket tags allow letters, digits, space and ``+ - . _ : / @ =``, with 128 characters in a name and 256 in a value; the
key vault's metadata is limited to 128 and 512 bytes. Every other character (and ``=`` itself) becomes ``=XX``, the
hexadecimal digits of its UTF-8 bytes, as in quoted-printable. Text that is too long after encoding is replaced by its
digest; the workspace record stores every tag unchanged.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

MAXIMUM_KEY_LENGTH = 128
MAXIMUM_VALUE_LENGTH = 256

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 +\-._:/@]")


def to_service_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Encode tags for a bucket or a vault."""
    return {_encode(key, MAXIMUM_KEY_LENGTH): _encode(value, MAXIMUM_VALUE_LENGTH) for key, value in tags.items()}


def _encode(text: str, maximum: int) -> str:
    encoded = _NOT_PLAIN.sub(lambda match: "".join(f"={byte:02X}" for byte in match[0].encode()), text)
    return encoded if len(encoded) <= maximum else f"=sha256:{hashlib.sha256(text.encode()).hexdigest()}"
