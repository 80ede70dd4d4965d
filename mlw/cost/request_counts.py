"""Counts the requests that application insights has stored, for each day, while a workspace is there to ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from infra.errors import MlWorkspaceError
from mlw.activity.snapshots import take
from mlw.cost import usage_ledger
from mlw.insights.time_ranges import TimeRange
from mlw.stacks.stacks import Stack

DAYS = 31
"""How far back it looks: requests that arrive late count too."""

QUERY = """SELECT date_trunc('day', "timestamp") AS day, count(*) AS count FROM requests GROUP BY 1 ORDER BY 1"""


def count(stack: Stack) -> str:
    """Count the requests of a stack and note them.

    Returns:
        Why they could not be counted; empty if they were, or if there is nothing to ask.
    """
    from mlw.insights.access import ENDPOINT, connect  # noqa: PLC0415 - only where requests are counted

    if not stack.is_complete or not stack.outputs["endpoints"].get(ENDPOINT):
        return ""
    now = datetime.now(UTC)
    try:
        result = connect(stack).query(QUERY, TimeRange(now - timedelta(days=DAYS), now))
    except MlWorkspaceError as exc:
        return str(exc)
    resource_id = next(
        (key for key, held in take(stack.checkpoint).resources.items() if held["type"].endswith("/components")), ""
    )
    counts = {str(row["day"])[:10]: int(row["count"]) for row in result.records()}
    usage_ledger.note_requests(stack.stack_id, resource_id, counts)
    return ""
