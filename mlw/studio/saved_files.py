"""Files as downloads: always saved, never shown, whatever their types say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from urllib.parse import quote

from starlette.responses import StreamingResponse

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ()")


def saved(path: str, size: int | None, content: Iterable[bytes], held: ExitStack) -> StreamingResponse:
    """Stream a file.

    Args:
        path: Its path; the browser saves it under the last part.
        size: Bytes; None if they are not known.
        content: Its pieces.
        held: What is open as long as they are read.
    """

    def pieces() -> Iterator[bytes]:
        with held:
            yield from content

    headers = {"Content-Disposition": disposition(path), **({} if size is None else {"Content-Length": str(size)})}
    return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)


def disposition(path: str) -> str:
    """The header that makes a browser save the content under the file's own name."""
    name = path.rpartition("/")[2] or "blob"
    plain = "".join(character if character in _PLAIN else "_" for character in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
