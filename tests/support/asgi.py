"""Requests to an ASGI application without a server."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.python.tracking.tracking.http_messages import Application, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Answer:
    """What an application has sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def call(
    application: Application,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Iterable[bytes] = (b"",),
    query: str = "",
    is_broken_off: bool = False,
) -> Answer:
    """Send one request, its body in pieces, and return the response.

    Args:
        application: Is called.
        method: Of the request.
        path: Of the request, decoded.
        headers: Of the request; `Host` is `localhost:5000` if it is not among them.
        body: The pieces.
        query: The part of the address behind `?`.
        is_broken_off: Close the connection after the last piece, before the body is complete.
    """
    sent: list[Message] = []
    pieces = list(body)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": is_broken_off or number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    all_headers = {"host": "localhost:5000"} | {name.lower(): value for name, value in (headers or {}).items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in all_headers.items()],
    }
    asyncio.run(_run(application, scope, receive, send))
    start = next((message for message in sent if message["type"] == "http.response.start"), None)
    return Answer(
        status=start["status"] if start else 0,
        headers={name.decode(): value.decode("latin-1") for name, value in start["headers"]} if start else {},
        body=b"".join(message.get("body", b"") for message in sent),
    )


async def _run(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await application(scope, receive, send)
