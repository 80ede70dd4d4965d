"""Bodies of requests that forms of the page send."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 4 << 20
"""Held in the studio's memory."""


async def read(request: Request) -> Mapping[str, str]:
    """The fields of a form.

    Raises:
        HTTPException: It is too large.
    """
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > MOST_BYTES:
            raise HTTPException(413, f"the form has more than {MOST_BYTES >> 20} MiB")
    return dict(parse_qsl(found.decode(errors="replace"), keep_blank_values=True))
