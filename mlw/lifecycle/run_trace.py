"""The trace of one `make up`: a span for the run, its phases, and every component and resource.

The engine's events are the source, so that nothing has to be loaded; spans of the program and the provider come from
`infra.run_spans` by way of a file. At the end of the run everything is sent to the workspace's own application insights
as one OTLP request, which takes a few milliseconds. A run never fails because of its trace.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from infra.host import trace_context
from infra.host.trace_context import TraceContext
from mlw.lifecycle import state_files
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.trace_delivery import TraceDelivery

SERVICE = "ml-workspace"
MOST_SPANS = 3000
"""In one request, which may have 4 MiB."""

Span = dict[str, Any]


class RunTrace:
    """Collects the spans of one run.

    Attributes:
        context: The stack, with the environment in which the processes of the run add their spans.
        delivery: Sends it.
    """

    def __init__(self, context: Context) -> None:
        self.context, self.delivery = context, TraceDelivery()
        self._trace: TraceContext | None = None
        self._parent, self._spans, self._begun = "", [], {}  # type: tuple[str, list[Span], dict[str, int]]
        if trace_context.is_disabled(context.environment):
            return
        given = trace_context.parse(context.environment.get(trace_context.PARENT, ""))
        trace_id, self._parent = given or (secrets.token_hex(16), "")
        file = context.workdir / "trace.jsonl"
        file.unlink(missing_ok=True)
        self._trace = TraceContext(trace_id, secrets.token_hex(8), file)
        environment = {**context.environment, trace_context.VARIABLE: self._trace.value}
        # Pulumi's SDK would load instrumentation for it, a tenth of a second in each process.
        environment.pop(trace_context.PARENT, None)
        self.context = replace(context, environment=environment)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Record a part of the run."""
        began, failed = time.time_ns(), True
        try:
            yield
            failed = False
        finally:
            self._add(secrets.token_hex(8), name, began, failed=failed)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Record the resource that one event of the engine is about."""
        for key in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if self._trace and key in event:
                self._on_step(event[key]["metadata"], ends=key != "resourcePreEvent", failed=key == "resOpFailedEvent")

    def _on_step(self, step: Mapping[str, Any], *, ends: bool, failed: bool) -> None:
        urn, operation = step["urn"], step["op"]
        began = self._begun.setdefault(f"{urn} {operation}", time.time_ns())
        if not ends or self._trace is None:
            return
        del self._begun[f"{urn} {operation}"]
        if not failed:
            self.delivery.on_outputs(urn, step["type"])
        span = self._trace.span_of(urn)
        parent = (step.get("new") or step.get("old") or {}).get("parent")
        self._add(
            secrets.token_hex(8) if any(one["spanId"] == span for one in self._spans) else span,  # replaced resources
            f"{operation} {step['type']}",
            began,
            parent=self._trace.span_of(parent) if parent else "",
            attributes={"pulumi.urn": urn, "pulumi.type": step["type"], "pulumi.operation": operation},
            failed=failed,
        )

    def _add(
        self,
        span: str,
        name: str,
        began: int,
        *,
        failed: bool,
        parent: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        if self._trace:
            made = {"spanId": span, "parentSpanId": parent or self._trace.root, "name": name, "kind": 1, "start": began}
            self._spans.append({**made, "end": time.time_ns(), "attributes": attributes or {}, "failed": failed})

    def request(self, root: Span) -> dict[str, Any] | None:
        """The OTLP request with all spans; None if the trace is turned off."""
        if self._trace is None:
            return None
        whole = {**root, "spanId": self._trace.root, "parentSpanId": self._parent, "kind": 1}
        spans = [whole, *self._spans, *self._of_other_processes()][:MOST_SPANS]
        made = [_otlp(one, self._trace.trace_id) for one in spans]
        scope = {"scope": {"name": SERVICE}, "spans": made}
        return {
            "resourceSpans": [
                {"resource": {"attributes": _attributes({"service.name": SERVICE})}, "scopeSpans": [scope]}
            ]
        }

    def _of_other_processes(self) -> Iterator[Span]:
        if self._trace is None or not self._trace.file.is_file():
            return
        lines = self._trace.file.read_text(encoding="utf-8").splitlines()
        self._trace.file.unlink()
        for line in lines:
            with contextlib.suppress(ValueError):  # the last line of a killed process
                yield json.loads(line)


@contextmanager
def recording(context: Context) -> Iterator[RunTrace]:
    """Record a run, and send its trace when it has ended."""
    run, began, failed = RunTrace(context), time.time_ns(), True
    try:
        yield run
        failed = False
    finally:
        root = {"name": "up", "start": began, "end": time.time_ns(), "failed": failed}
        root["attributes"] = {"pulumi.stack": context.stack}
        with contextlib.suppress(Exception):  # a run never fails because of its trace
            run.delivery.send(state_files.read(context), run.request(root))


def _otlp(span: Span, trace_id: str) -> dict[str, Any]:
    return {
        "traceId": trace_id,
        "spanId": span["spanId"],
        "parentSpanId": span["parentSpanId"],
        "name": span["name"],
        "kind": span["kind"],
        "startTimeUnixNano": str(span["start"]),
        "endTimeUnixNano": str(span["end"]),
        "attributes": _attributes(span["attributes"]),
        "status": {"code": 2} if span["failed"] else {},
    }


def _attributes(values: Mapping[str, object]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> dict[str, str]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
