"""Columns and filters that several reports have: one title and one unit for each."""

from __future__ import annotations

from mlw.insights.insights_report import Column, Unit

NAME = Column("name", "NAME")
TYPE = Column("type", "TYPE")
TARGET = Column("target", "TARGET")
SERVICE = Column("cloud_RoleName", "SERVICE")
OPERATION = Column("operation_Name", "OPERATION")
OPERATION_ID = Column("operation_Id", "OPERATION ID", is_id=True)
RESULT_CODE = Column("resultCode", "CODE")
MESSAGE = Column("message", "MESSAGE")
TIMESTAMP = Column("timestamp", "TIME", Unit.TIME)
LAST_SEEN = Column("lastSeen", "LAST SEEN", Unit.TIME)
SUCCESS = Column("success", "SUCCESS", Unit.FLAG)
DURATION = Column("duration", "DURATION", Unit.MILLISECONDS)
COUNT = Column("count", "COUNT", Unit.COUNT)
CALLS = Column("calls", "CALLS", Unit.COUNT)
FAILED = Column("failed", "FAILED", Unit.COUNT)
PER_MINUTE = Column("perMinute", "PER MIN", Unit.PER_MINUTE)
FAILED_PERCENT = Column("failedPercent", "FAILED %", Unit.PERCENT)

PERFORMANCE = (
    COUNT,
    PER_MINUTE,
    FAILED_PERCENT,
    Column("average", "AVG", Unit.MILLISECONDS),
    Column("p50", "P50", Unit.MILLISECONDS),
    Column("p95", "P95", Unit.MILLISECONDS),
    Column("p99", "P99", Unit.MILLISECONDS),
)
"""Rate, failures and durations of a group of requests or dependencies."""

SERVICE_FILTER = {"service": "cloud_RoleName = $value"}
OPERATION_FILTER = {"operation": "operation_Name = $value"}
WITHIN_OPERATION_FILTER = {
    # Hashes take a fifth of the memory of the ids.
    "operation": "hash(operation_Id) in (select hash(operation_Id) from requests where operation_Name = $value)"
}
"""For what a request causes, directly or in another service."""

OPERATION_ID_FILTER = {"operation_id": "operation_Id = $value"}
