"""Artifacts between clients and the storage account, as streams in both directions.

MLflow's own handlers keep a whole file in memory or in /tmp. These serve the routes that carry files: what they hold
of a file is a part of 8 MiB, of a limited number of files at a time; other clients wait.
"""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qs, quote

import anyio
import anyio.from_thread
import anyio.to_thread

from .artifact_locations import file_of_logged_model, file_of_model_version, file_of_run, safe_path
from .artifact_store import ArtifactStore, Download, end
from .http_messages import (
    MEBIBYTE,
    ClientGoneError,
    Message,
    Receive,
    Scope,
    Send,
    header,
    send_head,
    send_response,
)

_FILES = "/api/2.0/mlflow-artifacts/artifacts/"
_LOGGED_MODELS, _LOGGED_MODEL_FILE = "/api/2.0/mlflow/logged-models/", "/artifacts/files"
_LOCATE: dict[str, Callable[[dict[str, str]], str]] = {
    "/get-artifact": file_of_run,
    "/model-versions/get-artifact": file_of_model_version,
}
_CHUNK = MEBIBYTE
_UPLOADS, _DOWNLOADS = 4, 16
"""Files at a time."""


class ArtifactProxy:
    """Serves the routes that carry files; passes everything else on."""

    def __init__(self, store: ArtifactStore) -> None:
        """Args: where the files are."""
        self._store = store
        self._uploads, self._downloads = anyio.CapacityLimiter(_UPLOADS), anyio.CapacityLimiter(_DOWNLOADS)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer the request; False if it is for somebody else."""
        path, method = str(scope["path"]).removeprefix("/ajax-api"), scope["method"]
        path = path if path.startswith("/api") or path == scope["path"] else f"/api{path}"
        if path.startswith(_FILES):
            file = safe_path(path.removeprefix(_FILES))
            await self._serve_file(method, file, scope, receive, send)
            return True
        if (locate := _locator(path)) and method in {"GET", "HEAD"}:
            query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
            file = await anyio.to_thread.run_sync(locate, query)
            await self._download(file, scope, receive, send)
            return True
        return False

    async def _serve_file(self, method: str, file: str, scope: Scope, receive: Receive, send: Send) -> None:
        if method == "PUT":
            await self._upload(file, scope, receive, send)
        elif method == "DELETE":
            await anyio.to_thread.run_sync(self._store.remove, file)
            await send_response(send, HTTPStatus.OK, b"{}", [("content-type", "application/json")])
        else:
            await self._download(file, scope, receive, send)

    async def _upload(self, file: str, scope: Scope, receive: Receive, send: Send) -> None:
        declared = header(scope, "content-length")
        length = int(declared) if declared.isdecimal() else None
        store = partial(self._store.upload, file, _Body(receive), length)
        await anyio.to_thread.run_sync(store, limiter=self._uploads)
        await send_response(send, HTTPStatus.OK, b"{}", [("content-type", "application/json")])

    async def _download(self, file: str, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._downloads:
            begin = partial(self._store.download, file, header(scope, "range"))
            download = await anyio.to_thread.run_sync(begin)
            try:
                await _send_file(file, download, scope, receive, send)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(end, download)


def _locator(path: str) -> Callable[[dict[str, str]], str] | None:
    if path.startswith(_LOGGED_MODELS) and path.endswith(_LOGGED_MODEL_FILE):
        model = path.removeprefix(_LOGGED_MODELS).removesuffix(_LOGGED_MODEL_FILE)
        return partial(file_of_logged_model, model)
    return _LOCATE.get(path)


async def _send_file(file: str, download: Download, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the bytes as they come, and stop when the client has gone."""
    partial_content = "content-range" in {name.lower() for name in download.headers}
    await send_head(send, HTTPStatus.PARTIAL_CONTENT if partial_content else HTTPStatus.OK, _headers(file, download))
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_watch, receive, group.cancel_scope)
        while chunk := await anyio.to_thread.run_sync(download.read, _CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        group.cancel_scope.cancel()


async def _watch(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _headers(file: str, download: Download) -> list[tuple[str, str]]:
    name = posixpath.basename(file)
    found = {key.lower(): value for key, value in download.headers.items()}
    kept = [(key, found[key]) for key in ("content-length", "content-range", "etag", "last-modified") if key in found]
    return [
        *kept,
        ("accept-ranges", "bytes"),
        ("content-type", mimetypes.guess_type(name)[0] or "application/octet-stream"),
        # Always to be saved: shown by a browser, a page among the artifacts would run with the user's login.
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(name)}"),
        ("x-content-type-options", "nosniff"),
    ]


class _Body:
    """The body of a request, as a file for the thread that stores it."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._buffer, self._is_complete = receive, bytearray(), False

    async def _next(self) -> Message:
        return await self._receive()

    def read(self, size: int = -1) -> bytes:
        while not self._is_complete and (size < 0 or len(self._buffer) < size):
            message = anyio.from_thread.run(self._next)
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self._buffer += message.get("body", b"")
            self._is_complete = not message.get("more_body", False)
        end = len(self._buffer) if size < 0 else size
        content = bytes(memoryview(self._buffer)[:end])
        del self._buffer[:end]
        return content
