"""Reads the passphrase of an archive: from a file, the environment or a terminal, never from an argument."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import click

from infra.errors import ArchivePassphraseError
from mlw.command_options import FILE

VARIABLE, FILE_VARIABLE = "MLW_ARCHIVE_PASSPHRASE", "MLW_ARCHIVE_PASSPHRASE_FILE"

OPTION = click.option("--passphrase-file", metavar="PATH", type=FILE, help="File with the passphrase of the archive.")


def read(file: Path | None, *, new: bool) -> str:
    """The passphrase.

    Args:
        file: The file that the command line names.
        new: Prompt twice on a terminal, to catch typing errors.

    Raises:
        ArchivePassphraseError: There is none.
    """
    variable = os.environ.pop(VARIABLE, None)
    path = file or os.environ.get(FILE_VARIABLE)
    if path and (file or variable is None):
        found = _of_file(Path(path))
    elif variable is not None:
        found = variable
    else:
        found = _typed(new=new)
    if not found:
        raise ArchivePassphraseError("reading the passphrase of the archive: it is empty. Give at least one character.")
    return found


def _of_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise ArchivePassphraseError(
            f"reading the passphrase of the archive from '{path}': {reason}. Give a text file that you can read."
        ) from exc


def _typed(*, new: bool) -> str:
    if not (sys.stdin and sys.stdin.isatty()):
        raise ArchivePassphraseError(
            f"reading the passphrase of the archive: no terminal to prompt on. Set {VARIABLE} or {FILE_VARIABLE}, "
            "or give --passphrase-file."
        )
    try:
        found = getpass.getpass("Passphrase of the archive: ")
        if new and getpass.getpass("Repeat the passphrase: ") != found:
            raise ArchivePassphraseError("reading the passphrase of the archive: the two entries differ. Try again.")
    except EOFError:
        return ""
    return found
