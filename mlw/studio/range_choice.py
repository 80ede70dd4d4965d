"""The choice of a time range at the top of a panel: what is offered, what is chosen, and a link that stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mlw.insights.time_ranges import format_time
from mlw.studio.panel import RANGE, PanelRequest

DEFAULT = "24h"
OFFERED: Mapping[str, str] = {
    "30m": "Last 30 minutes",
    "1h": "Last hour",
    "4h": "Last 4 hours",
    "24h": "Last 24 hours",
    "3d": "Last 3 days",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
}


def range_values(request: PanelRequest) -> dict[str, Any]:
    """What the templates need.

    Raises:
        TimeRangeError: The address names a range that cannot be understood.
    """
    used, given = request.time_range, request.range_parameters
    others = {name: value for name, value in request.parameters.items() if name not in RANGE and value}
    chosen = "" if "start" in given or "end" in given else given.get("offset", DEFAULT)
    fixed = {**others, "start": format_time(used.start), "end": format_time(used.end)}
    return {
        "range": str(used),
        "range_offered": {**OFFERED, **({} if chosen in OFFERED or not chosen else {chosen: f"Last {chosen}"})},
        "range_chosen": chosen,
        "range_parameters": given,
        "other_parameters": others,
        "fixed_link": f"?{urlencode(fixed)}",
        "start": f"{used.start:%Y-%m-%dT%H:%M}",
        "end": f"{used.end:%Y-%m-%dT%H:%M}",
    }
