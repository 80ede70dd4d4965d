"""Claims on resources that a user's stacks share: stored in `$MLW_HOME/<what>.json`, changed atomically under a lock.

A claim covers the time between choosing a free resource and creating the object that uses it, and the time while that
object is replaced::

    {"<identity of the stack>": {"storage": 20417, "registry": 20418}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.host import atomic_files, file_locks, folders

Claims = dict[str, Any]
"""Claims by owner (identity of a stack)."""


@contextmanager
def open_claims(what: str) -> Iterator[Claims]:
    """Read the claims on one kind of resource under a lock, and write them back if they changed and nothing failed.

    An unreadable file counts as empty: the objects on the engine are checked in addition to the claims.
    """
    with file_locks.hold(folders.locks() / f"{what}.lock", f"claiming {what}"):
        claims = read_claims(what)
        before = json.dumps(claims)
        yield claims
        if json.dumps(claims) != before:
            atomic_files.write(_file(what), json.dumps(claims, indent=1, sort_keys=True))


def read_claims(what: str) -> Claims:
    """Read the current claims on one kind of resource."""
    try:
        claims = json.loads(_file(what).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _file(what: str) -> Path:
    return folders.home() / f"{what}.json"
