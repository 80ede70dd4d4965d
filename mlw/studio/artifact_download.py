"""The content of an artifact as a download: always saved, never shown, whatever its type says."""

from __future__ import annotations

from contextlib import ExitStack

from starlette.responses import StreamingResponse

from mlw.studio import tracking_section
from mlw.studio.panel import PanelRequest
from mlw.studio.saved_files import saved
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
        return saved(path, size, found, held_open.pop_all())
