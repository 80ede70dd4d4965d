"""The content of a blob as a download: always saved, never shown, whatever its type says."""

from __future__ import annotations

from contextlib import ExitStack

from starlette.responses import StreamingResponse

from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_listing import BlobListing
from mlw.studio.panel import PanelRequest
from mlw.studio.panels.storage_panel import SECTION, account_of
from mlw.studio.saved_files import saved


def download(request: PanelRequest) -> StreamingResponse:
    """Open the blob that the address names, and stream it."""
    accounts = [one for one in request.access.services if one.service.section == SECTION]
    connection = request.access.require(account_of(request, accounts), "downloading a blob")
    container, blob = request.text("container"), request.text("blob")
    with ExitStack() as held_open:
        with at_storage_account(connection.endpoint, f"downloading '{blob}' of container '{container}'"):
            reading = BlobListing(connection).reading(container, blob, version=request.text("version"))
            content = held_open.enter_context(reading)
        return saved(blob, content.size, content.pieces, held_open.pop_all())
