"""Claims on what stacks of one user share: kept in `$MLW_HOME/<what>.json`, changed under a lock, whole or not at all.

A claim bridges the time between choosing something free and the object on the engine that takes it, and the times when
that object is being replaced::

    {"<backend id>/<stack>": {"storage": 20417, "registry": 20418}}
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Claims = dict[str, Any]
"""What each owner (``<backend id>/<stack>``) holds."""


def home() -> Path:
    """Folder of this user's state: `MLW_HOME`, or its default below the XDG data folder."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(os.environ.get("MLW_HOME") or Path(data) / "ml-workspace")


@contextmanager
def open_claims(what: str) -> Iterator[Claims]:
    """Read the claims on one thing under a lock, and write them back if they were changed and nothing went wrong.

    A file that cannot be read counts as empty: what the engine holds is looked at beside the claims.
    """
    folder = home()
    (folder / "locks").mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{what}.json"
    with (folder / "locks" / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        claims = _read(path)
        before = json.dumps(claims)
        yield claims
        if json.dumps(claims) != before:
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(claims, indent=1, sort_keys=True))
            temporary.replace(path)


def _read(path: Path) -> Claims:
    try:
        claims = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
