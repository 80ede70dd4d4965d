"""Telemetry of three services for tests of panels: what application insights would return for each report."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from mlw.insights.client import QueryResult
from mlw.insights.reports import REPORTS
from mlw.insights.time_ranges import TimeRange, format_time

EVIL = "<img src=x onerror=alert(1)>\"'"
"""A name that does harm where it is not escaped."""

Row = Mapping[str, Any]


def result_of(sql: str, used: TimeRange) -> QueryResult:
    """The result of a report's query, recognised by its text."""
    name = next(name for name, report in REPORTS.items() if _pattern(report.sql).fullmatch(sql.strip()))
    rows, columns = ROWS[name](used), [column.name for column in REPORTS[name].columns]
    values = [[row.get(column) for column in columns] for row in rows]
    return QueryResult(columns=columns, types=["string"] * len(columns), rows=values, range=used, is_truncated=False)


def _pattern(sql: str) -> re.Pattern[str]:
    """What a report's query looks like, whatever its values are."""
    return re.compile(".*?".join(map(re.escape, re.split(r"\$\w+", sql.strip()))), re.DOTALL)


def _over_time(used: TimeRange) -> list[Row]:
    """A day with a quiet night, a failing deployment, and an interval without requests."""
    rows = []
    for number, start in enumerate(used.bins()):
        wave, noise = math.sin(number / 9), math.sin(number * 12.9898) * 0.5 + 0.5
        count, failed = int(60 + 30 * wave + 14 * noise), int(9 * noise) + 4 if 30 <= number < 33 else int(noise > 0.94)
        p50 = round(9 + 2 * wave + noise, 2)
        durations = {"average": p50 + 3, "p50": p50, "p95": round(3.2 * p50 + 9 * noise, 2)}
        shares = {"perMinute": count / 2, "failed": failed, "failedPercent": round(100 * failed / count, 2)}
        p99 = round(6 * p50 + 40 * noise, 2)
        rows.append({"timestamp": format_time(start), "count": count, **shares, **durations, "p99": p99})
    return [row for number, row in enumerate(rows) if number != 17]


def _performance(**names: object) -> Row:
    numbers = {"count": 12345, "perMinute": 8.57, "failedPercent": 1.7, "average": 14.2, "p50": 9.1, "p95": 44.0}
    return {**names, **numbers, "p99": 1234.5}


def _calls(source: str, target: str, kind: str, failed: int = 0) -> Row:
    percent = round(100 * failed / 1200, 2)
    numbers = {"calls": 1200, "failed": failed, "failedPercent": percent, "average": 7.3, "p95": 22.0}
    return {"source": source, "target": target, "type": kind, **numbers}


def _service(name: str, failed: int) -> Row:
    return {"cloud_RoleName": name, "instances": 2, "count": 5400, "failed": failed,
            "failedPercent": failed / 54, "average": 18.3, "p95": 60.1}  # fmt: skip


def _item(used: TimeRange, kind: str, start: float, **values: object) -> Row:
    moment = format_time(used.end - timedelta(minutes=5) + timedelta(milliseconds=start))
    plain = {"id": "", "operation_ParentId": "", "type": "", "detail": "", "success": True, "resultCode": "",
             "duration": 0.0, "cloud_RoleName": "scoring", "operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736",
             "operation_Name": "POST /score", "customDimensions": '{"attribute": "<b>"}'}  # fmt: skip
    return {"itemType": kind, "timestamp": moment, **plain, **values}


def _trace(used: TimeRange) -> list[Row]:
    return [
        _item(used, "request", 0, id="a", name="POST /score", duration=182.4, success=False, resultCode="500"),
        _item(used, "dependency", 8, id="b", operation_ParentId="a", name="GET features", type="HTTP", duration=41.0),
        _item(used, "request", 10, id="c", operation_ParentId="b", name="GET /features", duration=36.5,
              cloud_RoleName="features", resultCode="200"),
        _item(used, "dependency", 15, id="d", operation_ParentId="c", name="SELECT churn", type="postgresql",
              duration=24.0, cloud_RoleName="features", detail="SELECT * FROM churn WHERE id = $1"),
        _item(used, "dependency", 55, id="e", operation_ParentId="a", name="predict", type="InProc", duration=118.0),
        _item(used, "trace", 60, operation_ParentId="e", name="model v7 loaded from cache", type="Information"),
        _item(used, "exception", 170, operation_ParentId="e", name=EVIL, type="ValueError", success=False,
              detail=f"Traceback (most recent call last):\n  {EVIL}"),
    ]  # fmt: skip


def _exceptions(used: TimeRange) -> list[Row]:
    seen = {"lastSeen": format_time(used.end), "timestamp": format_time(used.end), "operation_Name": "POST /score"}
    example = "4bf92f3577b34da6a3ce929d0e0e4736"
    return [
        {"problemId": f"ValueError at {EVIL}", "type": "ValueError", "outerMessage": EVIL, "cloud_RoleName": "scoring",
         "count": 97, "details": EVIL, "example": example, "operation_Id": example, **seen}
    ]  # fmt: skip


def _failures(used: TimeRange) -> list[Row]:
    row = {"itemType": "request", "name": "POST /score", "target": "", "cloud_RoleName": "scoring", "resultCode": "500"}
    return [{**row, "count": 97, "lastSeen": format_time(used.end), "example": "4bf92f3577b34da6a3ce929d0e0e4736"}]


def _availability(used: TimeRange) -> list[Row]:
    names = {"storage": 100.0, "registry": 100.0, "keyVault": 99.861, "otlpHttp": 100.0}
    return [
        {"name": name, "location": "local", "availability": percent, "count": 1440, "failed": 2 if percent < 100 else 0,
         "success": True, "message": "200", "lastSeen": format_time(used.end), "average": 2.1}
        for name, percent in names.items()
    ]  # fmt: skip


ROWS: Mapping[str, Callable[[TimeRange], list[Row]]] = {
    "requests": lambda _used: [
        _performance(operation_Name="POST /score", cloud_RoleName="scoring"),
        _performance(operation_Name=EVIL, cloud_RoleName="front"),
    ],
    "requests-over-time": _over_time,
    "endpoints": lambda _used: [
        _performance(endpoint="churn", deployment=name, resultCode=code)
        for name, code in (("blue", "200"), (EVIL, "500"), ("", "401"))
    ],
    "deployments": lambda _used: [
        _performance(endpoint="churn", deployment="blue"),
        _performance(endpoint="churn", deployment=""),
    ],
    "dependencies": lambda _used: [
        _performance(type="HTTP", target="features:8080", name="GET features"),
        _performance(type="postgresql", target="postgres", name=EVIL),
    ],
    "dependencies-over-time": _over_time,
    "map": lambda _used: [
        _calls("front", "scoring", "service", 20),
        _calls("scoring", "features", "service"),
        _calls("scoring", "stchurn (S3)", "HTTP"),
        _calls("features", "postgres", "postgresql"),
        _calls("features", EVIL, "redis"),
    ],
    "map-nodes": lambda _used: [_service("front", 20), _service("scoring", 97), _service("features", 0)],
    "failures": _failures,
    "exceptions": _exceptions,
    "exception-items": _exceptions,
    "availability": _availability,
    "availability-over-time": lambda used: [
        {"timestamp": format_time(start), "name": row["name"], "availability": 100.0, "average": 2.0 + number % 3}
        for number, start in enumerate(used.bins())
        for row in _availability(used)
    ],
    "trace": _trace,
    "logs": _trace,
    "search": _trace,
    "metrics": lambda used: [
        {
            "name": EVIL,
            "kind": "gauge",
            "unit": "1",
            "cloud_RoleName": "scoring",
            "count": 60,
            "lastValue": 0.87,
            "lastSeen": format_time(used.end),
        }
    ],
    "metric-over-time": lambda used: [
        {
            "timestamp": format_time(start),
            "cloud_RoleName": "scoring",
            "value": 0.8,
            "minimum": 0.7,
            "maximum": 0.9,
            "count": 1,
        }
        for start in used.bins()
    ],
    "live": lambda _used: [
        {
            "item": "requests",
            "cloud_RoleName": "scoring",
            "count": 120,
            "perSecond": 2.0,
            "failed": 1,
            "average": 12.0,
            "p95": 40.0,
        }
    ],
}
