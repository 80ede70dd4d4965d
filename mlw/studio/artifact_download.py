"""The content of an artifact as a download: always saved, never shown, whatever its type says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from starlette.responses import StreamingResponse

from mlw.studio import tracking_section
from mlw.studio.blob_download import disposition
from mlw.studio.panel import PanelRequest
from mlw.tracking import artifacts, tracked_runs
from mlw.tracking.placed_files import is_inside
from mlw.tracking.tracking_client import TrackingNotFoundError


def download(request: PanelRequest) -> StreamingResponse:
    """Open the artifact that the address names, and stream it."""
    client, path = tracking_section.tracking_of(request.access), request.text("path")
    if not is_inside(path):
        raise TrackingNotFoundError(f"downloading artifact '{path}': no such artifact.")
    run = tracked_runs.find(client, request.text("run"))
    with ExitStack() as held_open:
        content = client.reading(f"{artifacts.root_of(run.artifact_uri)}/{path}", f"downloading '{path}'")
        size, found = held_open.enter_context(content)
        held = held_open.pop_all()

    def pieces() -> Iterator[bytes]:
        with held:
            yield from found

    headers = {"Content-Disposition": disposition(path), **({} if size is None else {"Content-Length": str(size)})}
    return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)
