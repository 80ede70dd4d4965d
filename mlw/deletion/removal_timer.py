"""`mlw expire --timer`: what runs `mlw expire --yes` every hour."""

from __future__ import annotations

from mlw.printed_timers import PrintedTimer

REMOVAL = PrintedTimer(
    words=("expire", "--yes"),
    unit="mlw-expire",
    purpose="Removes expired workspaces of this backend every hour.",
    service="Remove expired ML workspaces",
    timer="Remove expired ML workspaces every hour",
    calendar="hourly",
    cron="0 * * * *",
)
