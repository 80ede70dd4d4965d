from http import HTTPStatus

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.support.asgi import call
from tools.python.tracking.tracking.authorization import ROUTE_KEY, USER_KEY
from tools.python.tracking.tracking.http_messages import Receive, Scope, Send, send_response
from tools.python.tracking.tracking.request_spans import Tracing

ROUTE = "/api/2.0/mlflow/logged-models/{model_id}"


def _span(path: str, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> ReadableSpan | None:
    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        scope.update({USER_KEY: "team", ROUTE_KEY: ROUTE})
        await send_response(send, status, b"", [])

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    call(Tracing(application, provider), "GET", path, headers=headers)
    return next(iter(exporter.get_finished_spans()), None)


def test_span_has_the_route_as_its_name_and_says_which_user_it_was() -> None:
    span = _span("/api/2.0/mlflow/logged-models/m-1")

    assert span is not None
    assert span.attributes is not None
    assert (span.name, span.kind) == (f"GET {ROUTE}", SpanKind.SERVER)
    assert dict(span.attributes) | {"user_agent.original": ""} == {
        "enduser.id": "team",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": ROUTE,
        "server.address": "localhost",
        "server.port": 5000,
        "url.path": "/api/2.0/mlflow/logged-models/m-1",
        "url.scheme": "http",
        "user_agent.original": "",
    }


def test_span_continues_the_trace_of_the_client() -> None:
    span = _span("/x", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    assert span is not None
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("status", "code"),
    [(HTTPStatus.FORBIDDEN, StatusCode.UNSET), (HTTPStatus.BAD_GATEWAY, StatusCode.ERROR)],
)
def test_only_an_error_of_the_server_is_an_error(status: HTTPStatus, code: StatusCode) -> None:
    span = _span("/x", status)

    assert span is not None
    assert span.status.status_code is code


def test_health_makes_no_span() -> None:
    assert _span("/health") is None
