"""One file of the notebooks' file store as a page: a notebook, text, a picture, or why it is not shown."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any

from infra.clients.storage.blob_data import BlobEntry
from mlw.studio import notebook_cells
from mlw.studio.notebook_cells import NotebookFormatError
from mlw.studio.notebook_files import NotebookFiles
from mlw.studio.notebook_paths import crumbs, folder_of, name_of

NOTEBOOK = ".ipynb"
MOST_NOTEBOOK_BYTES, MOST_TEXT_BYTES, MOST_PICTURE_BYTES = 32 << 20, 1 << 20, 32 << 20
"""Of what is shown; the content is in the studio's memory."""

_TOO_LARGE = "It is too large to be shown here. Download it."
_BINARY = "It is not text, a notebook or a picture. Download it."


def read(files: NotebookFiles, path: str) -> Mapping[str, Any]:
    """What the page of a file shows."""
    found = files.find(path)
    shown = _shown(files, path, found)
    return {"path": path, "name": name_of(path), "size": found.size, "crumbs": crumbs(folder_of(path)), **shown}


def picture(files: NotebookFiles, path: str, place: str) -> tuple[str, bytes]:
    """Type and content of a picture: of a notebook, or a file itself if the place is empty.

    Raises:
        NotebookFormatError: It is no picture, or too large.
    """
    if files.find(path).size > MOST_PICTURE_BYTES:
        raise NotebookFormatError(f"showing '{path}': {_TOO_LARGE}")
    content = files.read(path)
    if place:
        return notebook_cells.picture_of(content, place)
    type_ = _type_of(path)
    notebook_cells.require_picture(type_, content)
    return type_, content


def _shown(files: NotebookFiles, path: str, found: BlobEntry) -> Mapping[str, Any]:
    if path.endswith(NOTEBOOK) and found.size <= MOST_NOTEBOOK_BYTES:
        return _notebook(files.read(path))
    if _type_of(path) in notebook_cells.PICTURES:
        return {"is_picture": True} if found.size <= MOST_PICTURE_BYTES else {"why_not": _TOO_LARGE}
    if found.size > MOST_TEXT_BYTES:
        return {"why_not": _TOO_LARGE}
    return _text(files.read(path))


def _notebook(content: bytes) -> Mapping[str, Any]:
    try:
        cells, count = notebook_cells.cells_of(content)
    except NotebookFormatError as exc:
        return {"why_not": str(exc)}
    return {"cells": cells, "count": count}


def _text(content: bytes) -> Mapping[str, Any]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"why_not": _BINARY}
    return {"why_not": _BINARY} if "\x00" in text else {"text": text}


def _type_of(path: str) -> str:
    return mimetypes.guess_type(path)[0] or ""
