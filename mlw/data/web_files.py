"""Files on the web: downloaded once, when a job is submitted, and stored like files of this machine."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlw.data import uploads
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_locations import DataLocation
from mlw.data.data_workspace import DataWorkspace

SECONDS = 60.0
_PIECE_BYTES = 1 << 20


def stored(workspace: DataWorkspace, location: DataLocation, *, say: Callable[[str], None]) -> DataLocation:
    """Copy a file of the web to the default datastore, unless the same content is there.

    Raises:
        DataNotFoundError: It cannot be downloaded.
    """
    name = Path(unquote(urlsplit(location.url).path)).name or "data"
    with tempfile.TemporaryDirectory(prefix="mlw-web-") as folder:
        file = Path(folder) / name
        say(f"Downloading {location.url}")
        _download(location.url, file)
        return uploads.upload(workspace, file, location.type, say=say)


def _download(url: str, file: Path) -> None:
    doing = f"downloading '{url}'"
    request = urllib.request.Request(url, headers={"User-Agent": "ml-workspace"})  # noqa: S310 - the caller checked it
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response, file.open("wb") as content:  # noqa: S310
            while piece := response.read(_PIECE_BYTES):
                content.write(piece)
            expected = response.headers.get("Content-Length")
    except urllib.error.HTTPError as exc:
        raise DataNotFoundError(f"{doing}: the server returned {exc.code} ({exc.reason}).") from exc
    except OSError as exc:
        reason = getattr(exc, "reason", None) or exc
        raise DataNotFoundError(
            f"{doing}: it cannot be reached from here ({reason}). Download it where there is a connection, and use the "
            "local path."
        ) from exc
    if expected is not None and file.stat().st_size != int(expected):
        raise DataNotFoundError(f"{doing}: the connection ended early. Run it again.")
