"""Check free disk space before something large is created, instead of failing half-way."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.bootstrap.bootstrap_errors import BootstrapError

GIB = 1024**3


def require(folder: Path, needed: int, *, doing: str) -> None:
    """Fail unless the disk that holds a folder has enough free space.

    Args:
        folder: Where the space is needed; it need not exist yet.
        needed: Bytes.
        doing: What the space is for, for the message.

    Raises:
        BootstrapError: There is too little.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise BootstrapError(
            f"{doing}: {needed / GIB:.1f} GiB of disk space are needed at '{folder}', {free / GIB:.1f} GiB are free. "
            "Nothing was started. Free some space, or set MLW_CACHE to a folder on a larger disk."
        )
