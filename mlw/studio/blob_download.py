"""The content of a blob as a download: always saved, never shown, whatever its type says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote

from starlette.responses import StreamingResponse

from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_listing import BlobListing
from mlw.studio.panel import PanelRequest
from mlw.studio.panels.storage_panel import SECTION, account_of

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ()")


def download(request: PanelRequest) -> StreamingResponse:
    """Open the blob that the address names, and stream it."""
    accounts = [one for one in request.access.services if one.service.section == SECTION]
    connection = request.access.require(account_of(request, accounts), "downloading a blob")
    container, blob = request.text("container"), request.text("blob")
    with ExitStack() as held_open:
        with at_storage_account(connection.endpoint, f"downloading '{blob}' of container '{container}'"):
            reading = BlobListing(connection).reading(container, blob, version=request.text("version"))
            content = held_open.enter_context(reading)
        held = held_open.pop_all()

    def pieces() -> Iterator[bytes]:
        with held:
            yield from content.pieces

    headers = {"Content-Disposition": disposition(blob), "Content-Length": str(content.size)}
    return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)


def disposition(blob: str) -> str:
    """The header that makes a browser save the content under the blob's own name."""
    name = blob.rpartition("/")[2] or "blob"
    plain = "".join(character if character in _PLAIN else "_" for character in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
