"""Writes an archive to a private temporary file that replaces the target only when it is complete."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.clients.archives.sealed_file import MAGIC
from infra.errors import ArchiveError
from infra.host import atomic_files


def check_target(path: Path) -> None:
    """Reject a path where the archive would replace something else.

    Raises:
        ArchiveError: Something else is there, or the folder does not exist.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as exc:
        raise ArchiveError(f"writing the archive '{path}': {exc.strerror}. Give the path of a file.") from exc
    if not path.parent.is_dir():
        raise ArchiveError(f"writing the archive '{path}': no folder '{path.parent}'. Create it first.")
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        raise ArchiveError(f"writing the archive '{path}': it is not a file. Give the path of a file.")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) not in (b"", MAGIC):
            raise ArchiveError(
                f"writing the archive '{path}': the file exists and is not an archive. Nothing was changed. Give "
                "another path, or remove the file."
            )


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a private temporary file that replaces the path when the block ends without an error.

    The leftover of a killed command is overwritten by the next one.

    Raises:
        ArchiveError: Another command is writing this archive.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, atomic_files.PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveError(
                f"writing the archive '{path}': another command is writing it. Wait for it to finish, or give "
                "another path."
            ) from None
        file.truncate(0)
        try:
            yield file
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    atomic_files.flush(path.parent)
