"""`make bench-insights`: application insights under load, on a temporary workspace.

Spans are sent as fast as they are accepted, then at a steady rate with a query each second. In the end everything is
compared with what the sender knows. Missing a target is no failure; a wrong count or percentile is.
"""

from __future__ import annotations

import itertools
import math
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from string import Template
from threading import Event, Thread
from typing import Any

from infra.clients.engine import container_usage
from infra.clients.engine.container_usage import Usage
from infra.errors import ServiceError
from mlw.insights import access
from mlw.insights.client import InsightsClient
from mlw.insights.insights_report import literal
from mlw.insights.item_reports import TRACE
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import TimeRange
from mlw.lifecycle.display import INDENT
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from mlw.lifecycle.stack_context import Context
from mlw.output import table
from mlw.stacks.stacks import Stack, open_stack
from tools.bench import workspace_bench
from tools.bench.span_sender import BATCH, SPANS_OF_TRACE, SpanSender

SPANS = 1_000_000
STEADY_RATE, STEADY_SECONDS = 2000, 300
VISIBLE_ROUNDS = 10
SETTLED_SECONDS = 120.0
"""Within this time everything acknowledged has to be visible."""
TOLERANCE = 0.01
"""Of percentiles."""

MEBIBYTE = 2**20
_STORED = "SELECT count(*) FROM requests WHERE cloud_RoleName = 'front-end'"
_OF_OPERATION = """SELECT count(DISTINCT id), count(*), count(*) FILTER (NOT success),
  quantile_cont(duration, 0.5), quantile_cont(duration, 0.95), quantile_cont(duration, 0.99)
FROM requests WHERE name = $name"""
"""One operation at a time, within the memory of queries."""


@dataclass
class CpuUse:
    """Seconds of CPU that both containers used, and of the wall clock; known after the block."""

    cpu: float = 0.0
    wall: float = 0.0

    @property
    def of_a_core(self) -> str:
        """Share of one core."""
        return f"{100 * self.cpu / self.wall:.0f} % of a core"


@dataclass(kw_only=True)
class Measured:
    """The workspace under load, and what was measured so far.

    Attributes:
        rows: What, how much, and the target.
    """

    client: InsightsClient
    sender: SpanSender
    containers: Sequence[str]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, what: str, value: str, target: str = "") -> None:
        """Add a row to the table, and show it."""
        self.rows.append((what, value, target))
        say(f"{INDENT}{what}: {value}")

    def query(self, sql: str) -> Sequence[Sequence[Any]]:
        """Run a query over everything that was sent."""
        return self.client.query(sql, self.range).rows

    @property
    def range(self) -> TimeRange:
        """From before the first span until now."""
        return TimeRange(self.began - timedelta(minutes=10), datetime.now(UTC) + timedelta(minutes=1))

    def used(self) -> Mapping[str, Usage]:
        """What the containers use."""
        return container_usage.usage_of(self.containers)

    @contextmanager
    def cpu(self) -> Iterator[CpuUse]:
        """Measure CPU and wall time of a block."""
        use, before, began = CpuUse(), self.used(), time.monotonic()
        yield use
        use.wall, after = time.monotonic() - began, self.used()
        use.cpu = sum(after[name].cpu - before[name].cpu for name in after) / 1e9


def bench(model: Context, *, spans: int = SPANS, seconds: int = STEADY_SECONDS) -> None:
    """Measure, print the table, and verify the counts.

    Args:
        model: The stack whose configuration is used; it is not changed.
        spans: How many spans are sent at full speed.
        seconds: How long the steady load takes.

    Raises:
        OperationFailedError: Counts or percentiles differ from what was sent.
    """
    model.require_stack_file()
    load = os.getloadavg()[0]
    with workspace_bench.throw_away_stack(model) as context:
        workspace_bench.timed(context, "up")
        measured = _connect(open_stack(context.stack))
        _measure_idle(measured)
        _measure_full_speed(measured, spans)
        _measure_steady_load(measured, seconds)
        _measure_visibility(measured)
        _verify(measured)
    machine = f"{os.cpu_count()} cores, load {load:.1f} before"
    say(
        f"\nApplication insights on {machine}:\n\n{table(('what', 'measured', 'target'), measured.rows, indent=INDENT)}"
    )


def _connect(stack: Stack) -> Measured:
    names = [str(one["outputs"]["name"]) for one in stack.checkpoint.resources if _is_insights(one)]
    token = str(stack.credentials()["telemetry"]["token"])
    sender = SpanSender(endpoint=str(stack.outputs["endpoints"]["otlpHttp"]), token=token)
    return Measured(client=access.connect(stack), sender=sender, containers=names)


def _is_insights(resource: Mapping[str, object]) -> bool:
    return str(resource["type"]).startswith("docker:index/container:") and "insights" in str(resource["urn"])


def _measure_idle(measured: Measured) -> None:
    for name, usage in measured.used().items():
        measured.note(f"idle memory of {name}", f"{usage.memory / MEBIBYTE:.1f} MiB", "store: 15 MiB")


def _measure_full_speed(measured: Measured, spans: int) -> None:
    with measured.cpu() as use:
        measured.sender.send(spans)
        _await_settled(measured)
    measured.note("stored at full speed", f"{spans / use.wall:,.0f} spans/s", "10,000 spans/s")
    measured.note("spans per CPU second", f"{spans / use.cpu:,.0f}")
    stored = measured.client.status()["tables"]["spans"]
    measured.note("disk of a million spans", f"{stored['bytes'] / stored['rows']:.0f} MB", "60 MB")


def _measure_steady_load(measured: Measured, seconds: int) -> None:
    """Send at the steady rate; run reports in all but the first fifth of the time."""
    ended, refused, count = Event(), measured.sender.refused, STEADY_RATE * seconds
    sending = Thread(target=measured.sender.send, args=(count,), kwargs={"per_second": STEADY_RATE, "ended": ended})
    sending.start()
    try:
        with measured.cpu() as use:
            ended.wait(seconds / 5)
        measured.note(f"CPU at {STEADY_RATE:,} spans/s", use.of_a_core, "25 % of a core")
        with measured.cpu() as use:
            _time_reports(measured, sending)
        measured.note("CPU with a report each second", use.of_a_core)
    finally:
        ended.set()
        sending.join()
    measured.note("requests refused", str(measured.sender.refused - refused), "0")
    for name, usage in measured.used().items():
        measured.note(f"memory of {name} under load", f"{usage.memory / MEBIBYTE:.0f} MiB", "store: 192 MiB")


def _time_reports(measured: Measured, sending: Thread) -> None:
    """Run one report each second, in turn, as long as spans are sent."""
    times: dict[str, list[float]] = {name: [] for name in REPORTS}
    failed: dict[str, str] = {}
    for name in itertools.cycle(REPORTS):
        if not sending.is_alive():
            break
        due = time.monotonic() + 1
        filters = {"operation_id": measured.sender.traces[7 * len(times[name])]} if name == TRACE.name else {}
        began = time.monotonic()
        try:
            measured.query(REPORTS[name].query(measured.range, **filters))
            times[name].append(time.monotonic() - began)
        except ServiceError as exc:
            failed[name] = str(exc)
        sending.join(max(0.0, due - time.monotonic()))
    for name, message in failed.items():
        measured.note(f"report {name} failed", message, "none")
    traces = times.pop(TRACE.name)
    every = [seconds for values in times.values() for seconds in values]
    medians = {name: statistics.median(values) for name, values in times.items() if values}
    slowest = max(medians, key=lambda name: medians[name])
    measured.note("reports over everything, p95", f"{_percentile(every, 0.95):.2f} s", "1 s")
    measured.note(f"slowest report ({slowest}), median", f"{medians[slowest]:.2f} s", "1 s")
    measured.note("trace by id, median", f"{1000 * statistics.median(traces):.0f} ms", "150 ms")


def _measure_visibility(measured: Measured) -> None:
    """Time from the acknowledgement of a batch until a query finds it."""
    seconds = []
    for _ in range(VISIBLE_ROUNDS):
        measured.sender.send(BATCH)
        sql = TRACE.query(measured.range, operation_id=measured.sender.traces[-1])
        began = time.monotonic()
        while not measured.query(sql):
            _refuse_waiting(began)
        seconds.append(time.monotonic() - began)
    measured.note("visible after the answer, at most", f"{max(seconds):.2f} s", "2 s")


def _await_settled(measured: Measured) -> None:
    began = time.monotonic()
    while SPANS_OF_TRACE * measured.query(_STORED)[0][0] < measured.sender.acknowledged:
        _refuse_waiting(began)
        Event().wait(0.5)


def _refuse_waiting(began: float) -> None:
    if time.monotonic() - began > SETTLED_SECONDS:
        raise OperationFailedError(
            f"waiting for acknowledged spans: not all of them were visible after {SETTLED_SECONDS:.0f} s."
        )


def _verify(measured: Measured) -> None:
    """Compare counts, failures and percentiles of every operation with the sender's own."""
    _await_settled(measured)
    sender, worst = measured.sender, 0.0
    for operation, durations in sender.durations.items():
        expected = [len(durations), len(durations), sender.failed[operation]]
        (found,) = measured.query(Template(_OF_OPERATION).substitute(name=literal(operation)))
        counts, percentiles = list(found[:3]), found[3:]
        if counts != expected:
            raise OperationFailedError(
                f"comparing operation '{operation}': ids, requests and failures stored: {counts}, sent: {expected}."
            )
        own = [_percentile(durations, share) for share in (0.5, 0.95, 0.99)]
        worst = max(worst, *(abs(one / other - 1) for one, other in zip(percentiles, own, strict=True)))
    measured.note("spans compared with the sender's counts", f"{sender.acknowledged:,}, all exact", "exact")
    measured.note("largest difference of a percentile", f"{100 * worst:.2f} %", f"{100 * TOLERANCE:.0f} %")
    if worst > TOLERANCE:
        raise OperationFailedError(f"comparing percentiles: one differs by {100 * worst:.1f} %.")


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))
