"""What every layer of the server needs of a request and a response, in the terms of ASGI."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MEBIBYTE = 1 << 20

LARGEST_BODY = 16 * MEBIBYTE
"""Of everything but artifacts: MLflow reads such a body into memory. Its own limit for a batch is 1 MB."""


class RequestError(Exception):
    """The request is answered with an error, in MLflow's form."""

    def __init__(self, status: HTTPStatus, code: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Args: status of the response, MLflow's error code, the message, further headers."""
        super().__init__(message)
        self.status, self.code, self.headers = status, code, tuple(headers)


class ClientGoneError(Exception):
    """The client has closed the connection before the end of its request."""


def header(scope: Scope, name: str) -> str:
    """The header's value; empty if the request has none."""
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


async def send_error(send: Send, error: RequestError) -> None:
    """Answer with an error as MLflow's clients read it."""
    body = json.dumps({"error_code": error.code, "message": str(error)}).encode()
    await send_response(send, error.status, body, [("content-type", "application/json"), *error.headers])


async def send_response(send: Send, status: HTTPStatus, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
    """Answer with a whole body."""
    await send_head(send, status, [("content-length", str(len(body))), *headers])
    await send({"type": "http.response.body", "body": body})


async def send_head(send: Send, status: HTTPStatus, headers: Iterable[tuple[str, str]]) -> None:
    """Begin a response."""
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status), "headers": encoded})


async def read_body(receive: Receive) -> bytes:
    """Read the whole body.

    Raises:
        RequestError: It is too large.
        ClientGoneError: The client has not sent all of it.
    """
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunks += message.get("body", b"")
        check_size(len(chunks))
        if not message.get("more_body", False):
            return bytes(chunks)


def check_size(size: int) -> None:
    """Refuse a body that is too large.

    Raises:
        RequestError: It is.
    """
    if size > LARGEST_BODY:
        message = f"the body is larger than {LARGEST_BODY // MEBIBYTE} MiB; send it in several requests"
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_PARAMETER_VALUE", message)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body which has been read already."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again
