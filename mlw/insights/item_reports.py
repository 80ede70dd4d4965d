"""Reports on single items: one trace, logs, a search over everything, metrics, the last minute."""

from __future__ import annotations

from mlw.insights.columns import (
    COUNT,
    DURATION,
    FAILED,
    MESSAGE,
    NAME,
    OPERATION,
    OPERATION_ID,
    OPERATION_ID_FILTER,
    RESULT_CODE,
    SERVICE,
    SERVICE_FILTER,
    SUCCESS,
    TIMESTAMP,
    WITHIN_OPERATION_FILTER,
)
from mlw.insights.insights_report import Column, Report, Unit
from mlw.insights.percentiles import with_percentiles

_ITEM = Column("itemType", "ITEM")
_TEXT_FILTER = "contains(lower({column}), lower($value))"

TRACE = Report(
    name="trace",
    title="One operation: its requests, dependencies, exceptions and logs",
    empty="No item has this operation id.",
    sql="""
with items as (
  select 'request' as itemType, timestamp, id, operation_ParentId, name, '' as type, url as detail, success, resultCode,
    duration, cloud_RoleName, operation_Id, customDimensions
  from requests
  union all
  select 'dependency', timestamp, id, operation_ParentId, name, type, data, success, resultCode, duration,
    cloud_RoleName, operation_Id, customDimensions
  from dependencies
  union all
  select 'exception', timestamp, '', operation_ParentId, outerMessage, type, details, false, '', 0, cloud_RoleName,
    operation_Id, customDimensions
  from exceptions
  union all
  select 'trace', timestamp, '', operation_ParentId, message, severity, '', true, '', 0, cloud_RoleName, operation_Id,
    customDimensions
  from traces
)
select *
from items$where
order by timestamp
""",
    columns=(
        _ITEM,
        TIMESTAMP,
        Column("id", "ID"),
        Column("operation_ParentId", "PARENT"),
        NAME,
        Column("type", "TYPE"),
        Column("detail", "DETAIL"),
        SUCCESS,
        RESULT_CODE,
        DURATION,
        SERVICE,
        OPERATION_ID,
        Column("customDimensions", "DIMENSIONS"),
    ),
    filters=OPERATION_ID_FILTER,
)

LOGS = Report(
    name="logs",
    title="Logs, the newest first",
    empty="No service has sent a log record that matches.",
    sql="""
select timestamp, severity, cloud_RoleName, message, operation_Id
from traces$where
order by timestamp desc
limit $rows
""",
    columns=(TIMESTAMP, Column("severity", "SEVERITY"), SERVICE, MESSAGE, OPERATION_ID),
    filters={
        **SERVICE_FILTER,
        **OPERATION_ID_FILTER,
        "text": _TEXT_FILTER.format(column="message"),
        "minimum_severity": "severityLevel >= $value",
    },
)

SEARCH = Report(
    name="search",
    title="Requests, dependencies, exceptions and logs, the newest first",
    empty="Nothing matches.",
    sql="""
with items as (
  select 'request' as itemType, timestamp, name, cloud_RoleName, operation_Name, success, resultCode, duration,
    operation_Id
  from requests
  union all
  select 'dependency', timestamp, name, cloud_RoleName, operation_Name, success, resultCode, duration, operation_Id
  from dependencies
  union all
  select 'exception', timestamp, concat(type, ': ', outerMessage), cloud_RoleName, operation_Name, false, '', null,
    operation_Id
  from exceptions
  union all
  select 'trace', timestamp, message, cloud_RoleName, '', null, severity, null, operation_Id
  from traces
)
select *
from items$where
order by timestamp desc
limit $rows
""",
    columns=(_ITEM, TIMESTAMP, NAME, SERVICE, OPERATION, SUCCESS, RESULT_CODE, DURATION, OPERATION_ID),
    filters={
        **SERVICE_FILTER,
        **OPERATION_ID_FILTER,
        **WITHIN_OPERATION_FILTER,
        "item_type": "itemType = $value",
        "text": _TEXT_FILTER.format(column="name"),
        "success": "success = $value",
        "code": "resultCode = $value",
        "minimum_duration": "duration >= $value",
    },
)

METRICS = Report(
    name="metrics",
    title="Metrics",
    empty="No service has sent a metric.",
    sql="""
select
  name,
  kind,
  unit,
  cloud_RoleName,
  count(*) as count,
  arg_max(coalesce(value, valueSum / nullif(valueCount, 0)), timestamp) as lastValue,
  max(timestamp) as lastSeen
from customMetrics$where
group by name, kind, unit, cloud_RoleName
order by name, cloud_RoleName
""",
    columns=(
        NAME,
        Column("kind", "KIND"),
        Column("unit", "UNIT"),
        SERVICE,
        Column("count", "POINTS", Unit.COUNT),
        Column("lastValue", "LAST VALUE", Unit.VALUE),
        Column("lastSeen", "LAST SEEN", Unit.TIME),
    ),
    filters={**SERVICE_FILTER, "name": "name = $value", "text": _TEXT_FILTER.format(column="name")},
)

METRIC_OVER_TIME = Report(
    name="metric-over-time",
    title="One metric over time",
    empty="No service has sent this metric.",
    sql="""
select
  time_bucket(interval '$bin seconds', timestamp) as timestamp,
  cloud_RoleName,
  avg(coalesce(value, valueSum / nullif(valueCount, 0))) as value,
  min(coalesce(valueMin, value)) as minimum,
  max(coalesce(valueMax, value)) as maximum,
  count(*) as count
from customMetrics$where
group by all
order by timestamp, cloud_RoleName
""",
    columns=(
        TIMESTAMP,
        SERVICE,
        Column("value", "AVG", Unit.VALUE),
        Column("minimum", "MIN", Unit.VALUE),
        Column("maximum", "MAX", Unit.VALUE),
        Column("count", "POINTS", Unit.COUNT),
    ),
    filters={**SERVICE_FILTER, "name": "name = $value"},
)

_LIVE = """
with calls as (
  select 'requests' as item, cloud_RoleName, success, duration from requests
  union all
  select 'dependencies', cloud_RoleName, success, duration from dependencies
  union all
  select 'exceptions', cloud_RoleName, false, null from exceptions
),
{ranked}
select
  {group},
  {count} as count,
  round({count} / $seconds, 3) as perSecond,
  {failed} as failed,
  {average} as average,
  {p95} as p95
from ranked
group by {group}
order by item desc, cloud_RoleName
"""

LIVE = Report(
    name="live",
    title="Live: requests, dependencies and exceptions",
    empty="No service has traced anything.",
    sql=with_percentiles(_LIVE, "calls$where", group="item, cloud_RoleName"),
    columns=(
        Column("item", "ITEM"),
        SERVICE,
        COUNT,
        Column("perSecond", "PER SECOND", Unit.PER_SECOND),
        FAILED,
        Column("average", "AVG", Unit.MILLISECONDS),
        Column("p95", "P95", Unit.MILLISECONDS),
    ),
    filters=SERVICE_FILTER,
)
