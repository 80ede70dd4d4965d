"""Spans of the program and the provider in the trace of a run, made with OpenTelemetry's SDK.

Pulumi's SDK imports that anyway. The spans are written to the run's file; `make up` sends them at its end. Without a
trace (a plain `pulumi up`), nothing is recorded. Attributes hold names only: no property, message, query or body.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer

from infra.host import trace_context
from infra.host.trace_context import TraceContext

MOST_CALLS = 500
"""Calls to services of one process that get a span; a probe is repeated until its service is ready."""

REFUSED = "ml_workspace.response.status_code"
"""Attribute for a status of 400 or more."""

_lock = Lock()


def phase(name: str) -> AbstractContextManager[None]:
    """Record a part of the program below the whole run."""
    found = trace_context.current()
    return _span(found, name, found.root, {}) if found else nullcontext()


def provider_call(verb: str, urn: str) -> AbstractContextManager[None]:
    """Record a call to the provider below its resource, and the calls to services that it makes."""
    found = trace_context.current()
    return _span(found, f"ResourceProvider/{verb}", found.span_of(urn), {"pulumi.urn": urn}) if found else nullcontext()


@contextmanager
def _span(found: TraceContext, name: str, parent: str, attributes: dict[str, str]) -> Iterator[None]:
    above = SpanContext(int(found.trace_id, 16), int(parent, 16), is_remote=True, trace_flags=TraceFlags(1))
    with _lock:
        tracer = _tracer(found)
    with tracer.start_as_current_span(
        name,
        context=trace.set_span_in_context(NonRecordingSpan(above)),
        attributes=attributes,
        record_exception=False,  # its message may quote a value
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException:
            span.set_status(StatusCode.ERROR)
            raise


@cache
def _tracer(found: TraceContext) -> Tracer:
    # Without detectors of resources: looking for them takes longer than all spans.
    provider = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    with contextlib.suppress(OSError):  # no trace is a reason to fail
        provider.add_span_processor(_ToFile(found))
    tracer = provider.get_tracer("ml-workspace")
    _record_calls(tracer)
    return tracer


class _ToFile(SpanProcessor):
    """Writes each finished span as a line, which several processes can do at the same time."""

    def __init__(self, found: TraceContext) -> None:
        self._file = os.open(found.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def on_end(self, span: ReadableSpan) -> None:
        line = json.dumps(
            {
                "spanId": f"{span.context.span_id:016x}" if span.context else "",
                "parentSpanId": f"{span.parent.span_id:016x}" if span.parent else "",
                "name": span.name,
                "kind": 3 if span.kind is SpanKind.CLIENT else 1,
                "start": span.start_time,
                "end": span.end_time,
                "attributes": dict(span.attributes or {}),
                "failed": span.status.status_code is StatusCode.ERROR,
            }
        )
        with contextlib.suppress(OSError):
            os.write(self._file, f"{line}\n".encode())


def _record_calls(tracer: Tracer) -> None:
    """Record each HTTP request as a span: every client of a service is built on the standard library's connection."""
    request, answer = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse
    left = [MOST_CALLS]

    def putrequest(self: Any, method: str, url: str, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        self.run_span = None
        if left[0] > 0 and trace.get_current_span().is_recording():
            left[0] -= 1
            self.run_span = _client_span(tracer, self, method, url)
        request(self, method, url, *args, **options)

    def getresponse(self: Any, *args: Any, **options: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - passed on
        span, status = getattr(self, "run_span", None), 0
        try:
            response = answer(self, *args, **options)
            status = response.status
        finally:
            if span:
                self.run_span = None
                _end(span, status)
        return response

    http.client.HTTPConnection.putrequest = putrequest  # type: ignore[method-assign]
    http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]


def _client_span(tracer: Tracer, connection: http.client.HTTPConnection, method: str, url: str) -> Span:
    path = url.partition("?")[0]
    attributes = {
        "http.request.method": method,
        "url.path": path,
        "server.address": str(connection.host),
        "server.port": str(connection.port or ""),
    }
    return tracer.start_span(f"{method} {path}", kind=SpanKind.CLIENT, attributes=attributes)


def _end(span: Span, status: int) -> None:
    """End the span of a call, which never failed by itself.

    A probe of a service that is starting, or a look for what does not exist yet, gets 404 or 503, and the run
    continues. If it does not, the resource's own span has failed. Reports on failures take the standard attribute at
    its word.
    """
    if status:
        span.set_attribute("http.response.status_code" if status < http.HTTPStatus.BAD_REQUEST else REFUSED, status)
    span.end()
