"""Failures: requests and dependencies that failed, and exceptions by problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.drawings import Series, chart
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.report_sections import section

FAILED = (Series(column="failed", label="Failed requests", missing=0, is_bad=True, is_filled=True),)


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Read failures over time and by operation; or the exceptions of the problem that the address names."""
    if problem := request.text("problem"):
        return {"problem": problem, "items": section(request, "exception-items", {"problem": problem})}
    over_time = section(request, "requests-over-time")
    return {
        "problem": "",
        "over_time": over_time,
        "charts": [
            ("Failed requests", "Failed requests over time", chart(over_time.records, request.time_range, FAILED))
        ],
        "failures": section(request, "failures"),
        "exceptions": section(request, "exceptions"),
    }


PANEL = Panel(
    key="failures",
    title="Failures",
    about="Requests and dependencies that failed, and exceptions.",
    group=Group.INSIGHTS,
    icon="alert",
    template="failures.html",
    load=load,
    has_range=True,
)
