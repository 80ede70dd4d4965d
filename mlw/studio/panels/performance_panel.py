"""Performance: rates and durations of requests and dependencies, over time and by operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlw.insights.time_ranges import TimeRange
from mlw.studio import formats
from mlw.studio.drawings import Series, chart, sparkline, values_of
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import section

DURATIONS = (
    Series(column="p50", label="p50", unit="ms"),
    Series(column="p95", label="p95", unit="ms"),
    Series(column="p99", label="p99", unit="ms"),
)
RATES = (
    Series(column="perMinute", label="Requests per minute", missing=0, is_filled=True),
    Series(column="failed", label="Failed", missing=0, is_bad=True),
)


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read requests over time and by operation, and dependencies; narrowed to a service or an operation."""
    filters = {"service": request.text("service") or None, "operation": request.text("operation") or None}
    over_time = section(request, "requests-over-time", filters)
    used = request.time_range
    return {
        "over_time": over_time,
        "tiles": tiles(over_time.records, used),
        "charts": [
            ("Durations", "p50, p95 and p99 of the durations of requests", chart(over_time.records, used, DURATIONS)),
            ("Rate", "Requests per minute, and failed requests", chart(over_time.records, used, RATES)),
        ],
        "requests": section(request, "requests", filters),
        "dependencies": section(request, "dependencies", filters),
        "filters": {name: value for name, value in filters.items() if value},
    }


def tiles(records: Sequence[Mapping[str, Any]], used: TimeRange) -> list[dict[str, Any]]:
    """Figures about the whole range, each with a small line over time."""
    bins = used.bins()
    counts, failed = values_of(records, bins, "count"), values_of(records, bins, "failed")
    slowest = values_of(records, bins, "p95")
    total, wrong = sum(filter(None, counts)), sum(filter(None, failed))
    rate = total / (used.seconds / 60)
    return [
        {"title": "Requests", "figure": formats.number(total), "about": f"{formats.number(rate)} per minute",
         "spark": sparkline(counts), "is_bad": False},
        {"title": "Failed", "figure": formats.percent(100 * wrong / total if total else None),
         "about": f"{formats.number(wrong)} requests", "spark": sparkline(failed), "is_bad": bool(wrong)},
        {"title": "p95, slowest interval", "figure": formats.milliseconds(max(filter(None, slowest), default=None)),
         "about": f"of intervals of {used.bin_seconds} s", "spark": sparkline(slowest), "is_bad": False},
    ]  # fmt: skip


PANEL = Panel(
    key="performance",
    title="Performance",
    about="How many requests, how long they took, and what they depend on.",
    group=Group.INSIGHTS,
    icon="chart",
    template="performance.html",
    load=load,
    has_range=True,
)
