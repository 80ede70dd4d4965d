"""Tags in the alphabet of bucket tags, which is narrower than Azure's.

The object store takes letters, digits, space and ``+ - . _ : / @ =`` in tags. Every other character (and ``=`` itself)
becomes ``=XX``, the hexadecimal digits of its UTF-8 bytes, as in quoted-printable. A value that is longer than a bucket
tag may be after that is replaced by its digest; the workspace record holds every tag to the letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

MAXIMUM_KEY_LENGTH = 128
MAXIMUM_VALUE_LENGTH = 256

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 +\-._:/@]")


def to_bucket_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Encode tags for a bucket."""
    return {_encode(key, MAXIMUM_KEY_LENGTH): _encode(value, MAXIMUM_VALUE_LENGTH) for key, value in tags.items()}


def _encode(text: str, maximum: int) -> str:
    encoded = _NOT_PLAIN.sub(lambda match: "".join(f"={byte:02X}" for byte in match[0].encode()), text)
    return encoded if len(encoded) <= maximum else f"=sha256:{hashlib.sha256(text.encode()).hexdigest()}"
