"""A WSGI application whose scored requests are recorded."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mlw.job_programs.model_server.request_recorder import Exchange, Recorder

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Translated = Callable[[bytes], bytes]


def recorded(
    app: Application, recorder: Recorder, environ: dict[str, Any], start_response: Callable[..., Any],
    translated: Translated = lambda _body: b"",
) -> Iterable[bytes]:  # fmt: skip
    """Serve one request, and record it if it is one of the sample.

    Args:
        app: The application.
        recorder: Gets the request with its response.
        environ: The request.
        start_response: As WSGI has it.
        translated: Gives the request in MLflow's words.
    """
    if environ.get("PATH_INFO") != "/score" or environ.get("REQUEST_METHOD") != "POST" or not recorder.takes():
        return app(environ, start_response)
    body = _body(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    started: list[Any] = []

    def start(*given: Any) -> Any:  # noqa: ANN401 - as WSGI has it
        started[:] = given
        return start_response(*given)

    pieces = app(environ, start)
    return _watched(pieces, lambda response: recorder.record(_exchange(environ, body, started, response, translated)))


def _body(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    if length:
        return bytes(environ["wsgi.input"].read(int(length)))
    return bytes(environ["wsgi.input"].read()) if environ.get("wsgi.input_terminated") else b""


def _watched(pieces: Iterable[bytes], record: Callable[[bytes], None]) -> Iterator[bytes]:
    kept: list[bytes] = []
    try:
        for piece in pieces:
            kept.append(piece)
            yield piece
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
        record(b"".join(kept))


def _exchange(
    environ: dict[str, Any], body: bytes, started: list[Any], response: bytes, translated: Translated
) -> Exchange:
    status, headers = (str(started[0]), started[1]) if started else ("500", [])
    types = [value for name, value in headers if name.lower() == "content-type"]
    return Exchange(
        request=body, response=response, status=int(status[:3]), table=translated(body),
        request_type=environ.get("CONTENT_TYPE") or "application/json",
        response_type=types[0] if types else "application/json",
        request_id=environ.get("HTTP_X_REQUEST_ID") or str(uuid.uuid4()),
    )  # fmt: skip
