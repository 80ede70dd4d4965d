"""Free disk space, asked before something large is made: a full disk in the middle helps nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.bootstrap.bootstrap_errors import BootstrapError

GIB = 1024**3


def require(folder: Path, needed: int, *, doing: str) -> None:
    """Refuse to begin when the disk that holds a folder has too little space.

    Args:
        folder: Where the space is needed; need not exist yet.
        needed: Bytes.
        doing: What the space is for, for the message.

    Raises:
        BootstrapError: There is less.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise BootstrapError(
            f"{doing}: {needed / GIB:.1f} GiB of disk space are needed at '{folder}', {free / GIB:.1f} GiB are free. "
            "Nothing was begun. Free some space, or set MLW_CACHE to a folder on a larger disk."
        )
