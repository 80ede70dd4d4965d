"""Downloads of files: those of datastores are passed on piece by piece, those of the home folder are Jupyter's own."""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import AuthenticatedFileHandler
from tornado import web

from .datastore_objects import Datastores, Place


class InstanceFiles(AuthenticatedFileHandler):  # type: ignore[misc]
    """Serves files of the home folder and of datastores; the browser runs none of their scripts in this origin."""

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, path: str, **options: Any) -> None:  # noqa: ANN401 - Jupyter's
        """Send a file."""
        datastores: Datastores = self.contents_manager.datastores
        place = datastores.place(path)
        if place is None:
            await super().get(path, **options)
            return
        self.check_xsrf_cookie()
        hidden = await self.contents_manager.is_hidden(path)
        entry = None if hidden else await asyncio.to_thread(datastores.entry, place)
        if entry is None:
            raise web.HTTPError(404, f"'{path}' does not exist")
        if self.get_argument("download", None) or place.name.endswith(".ipynb"):
            self.set_attachment_header(place.name)
        self.set_header("Content-Type", mimetypes.guess_type(place.name)[0] or "application/octet-stream")
        self.set_header("Content-Length", str(entry.size))
        self.set_header("Cache-Control", "no-cache")
        if options.get("include_body", True):
            await self._send(datastores, place)

    async def _send(self, datastores: Datastores, place: Place) -> None:
        pieces = datastores.pieces(place)
        while piece := await asyncio.to_thread(next, pieces, b""):
            self.write(piece)
            await self.flush()
