"""Names of Docker objects: made from the resource's own name, legal on the engine, never shared by two resources.

Azure lets resources of different types have the same name, and lets some names hold characters that the engine refuses.
So every object's name is the resource's name, made legal, and a suffix that says what the object is.
"""

from __future__ import annotations

import hashlib
import re

MAXIMUM_LENGTH = 200
"""Leaves room for a suffix below the 255 bytes of a folder's name, which a volume's name is."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]")


def physical_name(resource_name: str) -> str:
    """Make a resource's name legal on the engine; one that is legal stays as it is.

    A name that had to be changed gets a digest of the original, so that two names never become one.
    """
    legal = _ILLEGAL.sub("_", resource_name)[:MAXIMUM_LENGTH]
    if not legal[:1].isalnum():
        legal = f"x{legal}"
    if legal == resource_name and len(legal) > 1:
        return legal
    return f"{legal}-{hashlib.sha256(resource_name.encode()).hexdigest()[:8]}"
