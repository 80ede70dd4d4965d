"""Cost: showback by resource and by day, at the rates of the rate card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlw.studio.drawings import sparkline
from mlw.studio.panel import Group, Panel, PanelRequest
from mlw.studio.stack_access import refuse_principals


def load(request: PanelRequest) -> Mapping[str, Any]:
    """Add up what the ledgers hold; measures nothing itself."""
    refuse_principals(request.access, "reading costs")
    from mlw.cost import cost_report, rate_card  # noqa: PLC0415 - takes memory that only this panel needs
    from mlw.cost.charges import Meter  # noqa: PLC0415 - same

    rates, only = rate_card.load(), cost_report.CostFilter(stack=request.access.stack.name)
    by_resource, by_day = (
        cost_report.report(rates, request.time_range, by=by, only=only).as_json() for by in ("resource", "day")
    )
    days = sorted(by_day["lines"], key=lambda line: str(line["name"]))
    return {
        "report": by_resource,
        "meters": [str(meter) for meter in Meter],
        "sections": [("by-resource", "By resource", by_resource["lines"]), ("by-day", "By day", days[::-1])],
        "tiles": [
            {
                "title": "Cost",
                "figure": f"{by_resource['total']:.2f} {by_resource['currency']}",
                "about": f"{by_resource['assumed']:.2f} of it assumed",
                "spark": sparkline([float(line["cost"]) for line in days]),
                "is_bad": False,
            }
        ],
    }


PANEL = Panel(
    key="cost",
    title="Cost",
    about="Provisioned limits and data, at the rates of the rate card.",
    group=Group.OPERATION,
    icon="coin",
    template="cost.html",
    load=load,
    has_range=True,
)
