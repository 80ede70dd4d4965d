"""MLflow's scoring server with the addresses of Azure's endpoints: `/score`, `/swagger.json`, and `/` for probes.

    python -m mlw.job_programs.model_server.mlflow_server MODEL SECONDS

MLflow 3 serves with FastAPI, MLflow 2 with Flask.
"""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from mlw.job_programs.model_server.azure_requests import translated, unwrapped
from mlw.job_programs.model_server.probe import PORT
from mlw.job_programs.model_server.recorded_wsgi import recorded
from mlw.job_programs.model_server.request_recorder import Exchange, Recorder

PATHS = {"/": "/ping", "/score": "/invocations", "/swagger.json": "/openapi.json"}
_JSON = "application/json"

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Model:
    """What translating a request needs to know of a model."""

    def __init__(self, metadata: Any) -> None:  # noqa: ANN401 - MLflow's own
        schema = metadata.get_input_schema()
        self.is_tensor = bool(schema is not None and schema.is_tensor_spec())
        self.columns, self.outputs = _names(schema), _names(metadata.get_output_schema())

    def translated(self, body: bytes) -> tuple[bytes, bool]:
        """See :func:`mlw.job_programs.model_server.azure_requests.translated`."""
        return translated(body, self.columns, is_tensor=self.is_tensor)


def _names(schema: Any) -> tuple[str, ...]:  # noqa: ANN401 - MLflow's own
    return tuple(map(str, schema.input_names())) if schema is not None and schema.has_input_names() else ()


class AsgiRoutes:
    """The routes around a FastAPI application."""

    def __init__(self, app: Any, model: Model, recorder: Recorder | None = None) -> None:  # noqa: ANN401 - MLflow's own
        self.app, self.model, self.recorder = app, model, recorder

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path")
        if scope["type"] != "http" or path not in PATHS:
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": PATHS[path], "raw_path": PATHS[path].encode()}
        if path != "/score":
            await self.app(scope, receive, send)
            return
        sent = await _whole(receive)
        body, is_azures = self.model.translated(sent)
        if self.recorder and scope["method"] == "POST" and self.recorder.takes():
            send = _Recording(send, self.recorder, dict(scope["headers"]), sent, body)
        scope["headers"] = _headers(scope["headers"], body)
        await self.app(scope, _given(body, receive), _Unwrapping(send) if is_azures else send)


class _Unwrapping:
    """Collects a response, and sends it without MLflow's mapping around the predictions."""

    def __init__(self, send: Send) -> None:
        self._send, self._body = send, b""
        self._start: Message = {}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            body = unwrapped(self._body)
            await self._send({**self._start, "headers": _headers(self._start["headers"], body)})
            await self._send({"type": "http.response.body", "body": body})


class _Recording:
    """Sends a response, and records it with its request."""

    def __init__(
        self, send: Send, recorder: Recorder, headers: dict[bytes, bytes], request: bytes, table: bytes
    ) -> None:
        self._send, self._recorder, self._table = send, recorder, table
        self._headers, self._request, self._body = headers, request, b""
        self._start: Message = {}

    async def __call__(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            self._recorder.record(self._exchange())

    def _exchange(self) -> Exchange:
        def found(headers: dict[bytes, bytes], name: bytes, default: str) -> str:
            return headers.get(name, b"").decode("latin-1") or default

        returned = {name.lower(): value for name, value in self._start["headers"]}
        return Exchange(
            request=self._request, response=self._body, status=self._start["status"], table=self._table,
            request_type=found(self._headers, b"content-type", _JSON),
            response_type=found(returned, b"content-type", _JSON),
            request_id=found(self._headers, b"x-request-id", "") or str(uuid.uuid4()),
        )  # fmt: skip


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _given(body: bytes, receive: Receive) -> Receive:
    """A body that was read already; then what the client does."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return left.pop() if left else await receive()

    return given


def _headers(found: Iterable[tuple[bytes, bytes]], body: bytes) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in found if name.lower() != b"content-length"]
    if all(name.lower() != b"content-type" for name, _ in kept):
        kept.append((b"content-type", _JSON.encode()))
    return [*kept, (b"content-length", str(len(body)).encode())]


class WsgiRoutes:
    """The routes around a Flask application."""

    def __init__(self, app: Any, model: Model, recorder: Recorder | None = None) -> None:  # noqa: ANN401 - MLflow's own
        self.app, self.model, self.recorder = app, model, recorder

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        if self.recorder is None:
            return self._serve(environ, start_response)
        return recorded(
            self._serve, self.recorder, environ, start_response, lambda body: self.model.translated(body)[0]
        )  # fmt: skip

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ["PATH_INFO"] = PATHS.get(path, path)
        if path != "/score":
            return self.app(environ, start_response)  # type: ignore[no-any-return]
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body, is_azures = self.model.translated(sent)
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        environ["CONTENT_TYPE"] = environ.get("CONTENT_TYPE") or _JSON
        if not is_azures:
            return self.app(environ, start_response)  # type: ignore[no-any-return]
        kept: list[Any] = []
        found = unwrapped(b"".join(self.app(environ, lambda *given: kept.extend(given))))
        headers = [(name, value) for name, value in kept[1] if name.lower() != "content-length"]
        start_response(kept[0], [*headers, ("Content-Length", str(len(found)))])
        return [found]


def main() -> None:
    """Load the model and serve it."""
    from mlflow.pyfunc import load_model, scoring_server  # noqa: PLC0415 - the environment's own

    loaded = load_model(sys.argv[1])
    app, model, seconds = scoring_server.init(loaded), Model(loaded.metadata), int(sys.argv[2])
    recorder = Recorder.of_environment((model.columns, model.outputs))
    if hasattr(app, "wsgi_app"):
        _serve_wsgi(WsgiRoutes(app, model, recorder), seconds)
        return
    import uvicorn  # noqa: PLC0415 - likewise

    uvicorn.run(
        AsgiRoutes(app, model, recorder), host="0.0.0.0", port=PORT, log_level="info", access_log=False,  # noqa: S104
        timeout_graceful_shutdown=seconds,
    )  # fmt: skip


def _serve_wsgi(app: WsgiRoutes, seconds: int) -> None:
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - likewise

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            given = {"bind": f"0.0.0.0:{PORT}", "workers": 1, "timeout": seconds + 5, "graceful_timeout": seconds}
            for name, value in given.items():
                self.cfg.set(name, value)

        def load(self) -> WsgiRoutes:
            return app

    Server().run()


if __name__ == "__main__":
    main()
