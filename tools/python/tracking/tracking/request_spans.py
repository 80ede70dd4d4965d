"""Spans of the requests, in application insights: one for each request but those for health.

Sending never delays or fails a request: spans wait in a queue in memory, and what does not fit is dropped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .authorization import HEALTH, ROUTE_KEY, USER_KEY
from .configuration import ConfigurationError, Telemetry
from .http_messages import Application, Message, Receive, Scope, Send, header

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_FLUSH_SECONDS, _SEND_SECONDS = 2.0, 2.0
_SERVER_ERROR = 500


class Tracing:
    """Makes a span of each request, with the conventions of OpenTelemetry for HTTP servers."""

    def __init__(self, application: Application, provider: TracerProvider) -> None:
        """Args: the application behind, where its spans go."""
        self._application = application
        self._tracer = provider.get_tracer("tracking")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application within a span."""
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self._application(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        carrier = {name: header(scope, name) for name in ("traceparent", "tracestate") if header(scope, name)}
        parent = TraceContextTextMapPropagator().extract(carrier)
        span = self._tracer.start_span(scope["method"], context=parent, kind=SpanKind.SERVER)
        status = 0

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._application(scope, receive, observed_send)
        finally:
            _describe(span, scope, status)
            if status >= _SERVER_ERROR:
                span.set_status(Status(StatusCode.ERROR))
            span.end()


def _describe(span: Span, scope: Scope, status: int) -> None:
    route, user = scope.get(ROUTE_KEY), scope.get(USER_KEY)
    host, _, port = header(scope, "host").rpartition(":")
    span.set_attributes(
        {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "url.scheme": scope.get("scheme", "http"),
            "server.address": host or port,
            "user_agent.original": header(scope, "user-agent"),
        }
    )
    if host and port.isdecimal():
        span.set_attribute("server.port", int(port))
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        span.set_attribute("error.type", str(status))
    if client := scope.get("client"):
        span.set_attribute("client.address", client[0])
    if route:
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
    if user:
        span.set_attribute("enduser.id", user)


def make_provider(telemetry: Telemetry) -> TracerProvider:
    """Make what sends the spans.

    Raises:
        ConfigurationError: The token cannot be read.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    try:
        token = telemetry.token.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ConfigurationError(f"reading the token of the telemetry '{telemetry.token}': {exc.strerror}.") from exc
    # One line for each batch that could not be sent would fill the log while application insights is stopped.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    authority = telemetry.certificate_authority
    exporter = OTLPSpanExporter(
        endpoint=f"{telemetry.endpoint.rstrip('/')}/v1/traces",
        headers={"authorization": f"Bearer {token}"},
        certificate_file=str(authority) if authority else None,
        timeout=_SEND_SECONDS,
    )
    provider = TracerProvider(resource=Resource(dict(telemetry.attributes)), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=_SEND_SECONDS * 1000))
    return provider


def finish(provider: TracerProvider) -> None:
    """Send what is left, for a short time."""
    provider.force_flush(int(_FLUSH_SECONDS * 1000))
