"""Requests on the notebooks' file store that are not a page: uploads, changes, downloads, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.errors import MlWorkspaceError
from mlw.studio import notebook_page
from mlw.studio.notebook_files import FileExistsAlreadyError, open_files
from mlw.studio.notebook_paths import ROOT, folder_of, require_name, require_path
from mlw.studio.notebook_rights import require_rename
from mlw.studio.page_templates import panel_url
from mlw.studio.panel import PanelRequest
from mlw.studio.saved_files import saved

MOST_UPLOAD_BYTES = 64 << 20
"""Held in the studio's memory."""


class RequestTooLargeError(MlWorkspaceError):
    """The body of a request is larger than what is accepted."""


async def body_of(request: Request) -> bytes:
    """The content of an upload.

    Raises:
        RequestTooLargeError: It is larger than allowed.
    """
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > MOST_UPLOAD_BYTES:
            most = MOST_UPLOAD_BYTES >> 20
            raise RequestTooLargeError(
                f"receiving a file: it has more than {most} MiB. Upload it in JupyterLab, or with an S3 client."
            )
    return bytes(found)


def upload(request: PanelRequest, content: bytes) -> Response:
    """Write a file into the folder that the address names: 201, or 200 with the question whether to replace a file."""
    folder = require_path(request.text("folder", ROOT), is_folder=True)
    path = f"{folder}{require_name(request.text('name'))}"
    try:
        open_files(request.access).write(path, content, revision=request.text("revision"))
    except FileExistsAlreadyError as exc:
        return JSONResponse({"message": str(exc), "revision": exc.revision})
    return JSONResponse({"path": path}, status_code=201)


def change(request: PanelRequest, form: Mapping[str, str]) -> str:
    """Make a folder, rename or delete; returns the address of the folder to show."""
    files, action = open_files(request.access), form.get("action", "")
    if action == "make_folder":
        folder = require_path(form.get("folder", ""), is_folder=True)
        files.make_folder(folder, form.get("name", ""))
        return _address(request, folder)
    path = form.get("path", "")
    require_path(path, is_folder=path.endswith("/"))
    if action == "rename":
        require_rename(request.access, path)
        files.rename(path, form.get("name", ""))
    elif action == "delete":
        files.delete(path, revision=form.get("revision", ""))
    else:
        raise MlWorkspaceError(f"changing '{path}': there is no action '{action}'.")
    return _address(request, folder_of(path))


def _address(request: PanelRequest, folder: str) -> str:
    return panel_url(request.access.stack.name, "notebooks", folder=folder)


def download(request: PanelRequest) -> Response:
    """Stream the file that the address names; it is saved, never shown."""
    path = require_path(request.text("file"), is_folder=False)
    with ExitStack() as held_open:
        content = held_open.enter_context(open_files(request.access).reading(path))
        return saved(path, content.size, content.pieces, held_open.pop_all())


def picture(request: PanelRequest) -> Response:
    """A picture of a notebook or a picture file, of a type that contains nothing else."""
    path = require_path(request.text("file"), is_folder=False)
    type_, content = notebook_page.picture(open_files(request.access), path, request.text("place"))
    return Response(content, media_type=type_)
