"""Names of Docker objects: derived from the resource's name, legal on the engine, never shared by two resources.

Azure allows the same name for resources of different types, and allows characters that the engine rejects. So each
object's name is the resource's name in a form that the engine accepts, with a suffix that says what the object is.
"""

from __future__ import annotations

import hashlib
import re

MAXIMUM_LENGTH = 200
"""Leaves room for a suffix: a volume's name is also a folder name, which is limited to 255 bytes."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]")


def physical_name(resource_name: str) -> str:
    """Make a resource's name legal on the engine; a legal name is returned unchanged.

    A changed name gets a digest of the original, so that two names never collide.
    """
    legal = _ILLEGAL.sub("_", resource_name)[:MAXIMUM_LENGTH]
    if not legal[:1].isalnum():
        legal = f"x{legal}"
    if legal == resource_name and len(legal) > 1:
        return legal
    return f"{legal}-{hashlib.sha256(resource_name.encode()).hexdigest()[:8]}"
