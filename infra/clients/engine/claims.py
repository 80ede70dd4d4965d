"""Claims on what stacks of one user share: kept in `$MLW_HOME/<what>.json`, changed under a lock, whole or not at all.

A claim bridges the time between choosing something free and the object on the engine that takes it, and the times when
that object is being replaced::

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
"""What each owner (a stack, by its identity) holds."""


@contextmanager
def open_claims(what: str) -> Iterator[Claims]:
    """Read the claims on one thing under a lock, and write them back if they were changed and nothing went wrong.

    A file that cannot be read counts as empty: what the engine holds is looked at beside the claims.
    """
    with file_locks.hold(folders.locks() / f"{what}.lock", f"claiming {what}"):
        claims = read_claims(what)
        before = json.dumps(claims)
        yield claims
        if json.dumps(claims) != before:
            atomic_files.write(_file(what), json.dumps(claims, indent=1, sort_keys=True))


def read_claims(what: str) -> Claims:
    """Read the claims on one thing, as they are at this moment."""
    try:
        claims = json.loads(_file(what).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _file(what: str) -> Path:
    return folders.home() / f"{what}.json"
