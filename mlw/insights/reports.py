"""All reports, by name: the one place for what `mlw insights` and the studio ask.

Tables and columns are Application Insights' own; tools/go/insights defines them as SQL views.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlw.insights import failure_reports, item_reports, performance_reports
from mlw.insights.insights_report import Report

_ALL = (
    performance_reports.REQUESTS,
    performance_reports.REQUESTS_OVER_TIME,
    performance_reports.ENDPOINTS,
    performance_reports.DEPLOYMENTS,
    performance_reports.DEPENDENCIES,
    performance_reports.DEPENDENCIES_OVER_TIME,
    performance_reports.MAP,
    performance_reports.MAP_NODES,
    failure_reports.FAILURES,
    failure_reports.EXCEPTIONS,
    failure_reports.EXCEPTION_ITEMS,
    failure_reports.AVAILABILITY,
    failure_reports.AVAILABILITY_OVER_TIME,
    item_reports.TRACE,
    item_reports.LOGS,
    item_reports.SEARCH,
    item_reports.METRICS,
    item_reports.METRIC_OVER_TIME,
    item_reports.LIVE,
)

REPORTS: Mapping[str, Report] = {report.name: report for report in _ALL}
