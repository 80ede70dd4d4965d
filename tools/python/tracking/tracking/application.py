"""The application: the layers of the server, from a request to MLflow's handlers.

MLflow's own ASGI application is left out. It would load the gateway, the assistant and the job runner, which this
server does not offer, and 35 MiB with them; what is needed of it is its Flask application and its receiver of traces.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus

import anyio
import anyio.to_thread

from .artifact_locations import check_new_location
from .artifact_proxy import ArtifactProxy
from .artifact_store import ArtifactStore
from .authorization import HEALTH, Access
from .http_messages import (
    Application,
    ClientGoneError,
    Message,
    Receive,
    RequestError,
    Scope,
    Send,
    check_size,
    header,
    read_body,
    replay,
    send_error,
    send_response,
)
from .users import Users

_TRACES = "/v1/traces"
_CREATING_EXPERIMENT = "/experiments/create"
_USING_DELETED = ("/experiments/restore", "/runs/restore", "/model-versions/create")
_THREADS = 10
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"SAMEORIGIN"))
_log = logging.getLogger(__name__)


def make_application(
    store: ArtifactStore, users: Users, allowed_hosts: Iterable[str], trash_lock: threading.Lock
) -> Application:
    """Put the layers together; MLflow is imported here."""
    from a2wsgi import WSGIMiddleware  # noqa: PLC0415
    from fastapi import FastAPI  # noqa: PLC0415
    from mlflow.server import app as flask_application  # noqa: PLC0415
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415
    from mlflow.server.otel_api import otel_router  # noqa: PLC0415

    # MLflow tries to load its own login with every GraphQL query, which takes seconds, and fails.
    sys.modules["mlflow.server.auth"] = None  # type: ignore[assignment]  # as the import system defines it
    initialize_backend_stores()
    receiver_of_traces = FastAPI(openapi_url=None)
    receiver_of_traces.include_router(otel_router)
    mlflow = Locked(WSGIMiddleware(flask_application, workers=_THREADS), trash_lock)
    routes = Routes(ArtifactProxy(store), receiver_of_traces, mlflow)
    return Errors(Access(routes, users, allowed_hosts))


class Routes:
    """Chooses what handles a request that has passed `Access`."""

    def __init__(self, artifacts: ArtifactProxy, traces: Application, mlflow: Application) -> None:
        """Args: who serves files, traces, everything else."""
        self._artifacts, self._traces, self._mlflow = artifacts, traces, mlflow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        if scope["path"] == HEALTH:
            await send_response(send, HTTPStatus.OK, b"OK", [("content-type", "text/plain")])
            return
        if await self._artifacts.serve(scope, receive, send):
            return
        declared = header(scope, "content-length")
        check_size(int(declared) if declared.isdecimal() else 0)
        # Read to its end first: MLflow would take what a client that has gone had sent so far for all of it.
        body = await read_body(receive)
        if str(scope["path"]).endswith(_CREATING_EXPERIMENT):
            check_new_location(body)
        receive = replay(body, receive)
        await (self._traces if scope["path"] == _TRACES else self._mlflow)(scope, receive, send)


class Locked:
    """Holds back what would use a deleted record again while the record is removed for good."""

    def __init__(self, application: Application, lock: threading.Lock) -> None:
        """Args: the application behind, the lock of the trash."""
        self._application, self._lock = application, lock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""
        if not str(scope["path"]).endswith(_USING_DELETED):
            await self._application(scope, receive, send)
            return
        await anyio.to_thread.run_sync(self._lock.acquire)
        try:
            await self._application(scope, receive, send)
        finally:
            self._lock.release()


class Errors:
    """Sends the errors that the layers behind raise, and adds headers that every response has."""

    def __init__(self, application: Application) -> None:
        """Args: the application behind."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; nothing of an unexpected error reaches the client but its id in the log."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        response = _Response(send)
        try:
            await self._application(scope, receive, response.send)
        except ClientGoneError:
            return
        except RequestError as exc:
            await response.fail(exc)
        except Exception as exc:
            if error := _inner(exc):
                await response.fail(error)
                return
            _log.exception("request failed", extra={"method": scope["method"], "path": scope["path"]})
            message = "the server failed; its log says why"
            await response.fail(RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message))


def _inner(error: BaseException) -> RequestError | None:
    """What a group of tasks has failed with, if it is one of ours."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, RequestError) else None


class _Response:
    """A response that knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send, self._has_begun = send, False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            names = {bytes(name).lower() for name, _ in message["headers"]}
            added = [header for header in _HEADERS if header[0] not in names]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def fail(self, error: RequestError) -> None:
        if self._has_begun:
            # The client must not take the part that it has for the whole.
            raise error
        await send_error(self.send, error)
