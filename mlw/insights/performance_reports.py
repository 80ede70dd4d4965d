"""Reports on rates, durations and dependencies: what is slow, what is called how often, and by whom."""

from __future__ import annotations

from mlw.insights.columns import (
    CALLS,
    COUNT,
    FAILED,
    FAILED_PERCENT,
    NAME,
    OPERATION,
    OPERATION_FILTER,
    PERFORMANCE,
    SERVICE,
    SERVICE_FILTER,
    TARGET,
    TIMESTAMP,
    TYPE,
    WITHIN_OPERATION_FILTER,
)
from mlw.insights.insights_report import Column, Report, Unit

_DEPENDENCY_FILTERS = {
    **SERVICE_FILTER,
    **WITHIN_OPERATION_FILTER,
    "type": "type = $value",
    "target": "target = $value",
    "name": "name = $value",
}

_BY_GROUP = """
select
  {group},
  count(*) as count,
  round(count(*) / $minutes, 3) as perMinute,
  round(100.0 * count(*) filter (where not success) / count(*), 2) as failedPercent,
  round(avg(duration), 3) as average,
  round(quantile_cont(duration, 0.5), 3) as p50,
  round(quantile_cont(duration, 0.95), 3) as p95,
  round(quantile_cont(duration, 0.99), 3) as p99
from {table}$where
group by {group}
order by count desc, {group}
"""

_OVER_TIME = """
select
  time_bucket(interval '$bin seconds', timestamp) as timestamp,
  count(*) as count,
  round(count(*) * 60.0 / $bin, 3) as perMinute,
  count(*) filter (where not success) as failed,
  round(100.0 * count(*) filter (where not success) / count(*), 2) as failedPercent,
  round(avg(duration), 3) as average,
  round(quantile_cont(duration, 0.5), 3) as p50,
  round(quantile_cont(duration, 0.95), 3) as p95,
  round(quantile_cont(duration, 0.99), 3) as p99
from {table}$where
group by all
order by timestamp
"""

REQUESTS = Report(
    name="requests",
    title="Requests by operation",
    empty="No service has received a request that it traced.",
    sql=_BY_GROUP.format(table="requests", group="operation_Name, cloud_RoleName"),
    columns=(OPERATION, SERVICE, *PERFORMANCE),
    filters={**SERVICE_FILTER, **OPERATION_FILTER},
)

DEPENDENCIES = Report(
    name="dependencies",
    title="Dependencies",
    empty="No service has traced a call to another service, a database or a queue.",
    sql=_BY_GROUP.format(table="dependencies", group="type, target, name"),
    columns=(TYPE, TARGET, NAME, *PERFORMANCE),
    filters=_DEPENDENCY_FILTERS,
)

_OVER_TIME_COLUMNS = (TIMESTAMP, COUNT, PERFORMANCE[1], FAILED, *PERFORMANCE[2:])

REQUESTS_OVER_TIME = Report(
    name="requests-over-time",
    title="Requests over time",
    empty=REQUESTS.empty,
    sql=_OVER_TIME.format(table="requests"),
    columns=_OVER_TIME_COLUMNS,
    filters=REQUESTS.filters,
)

DEPENDENCIES_OVER_TIME = Report(
    name="dependencies-over-time",
    title="Dependencies over time",
    empty=DEPENDENCIES.empty,
    sql=_OVER_TIME.format(table="dependencies"),
    columns=_OVER_TIME_COLUMNS,
    filters=_DEPENDENCY_FILTERS,
)

MAP = Report(
    name="map",
    title="Application map: calls between services",
    empty="No service has traced a call to another service, a database or a queue.",
    sql="""
with called as (
  -- Hashes take a fifth of the memory of the ids.
  select hash(operation_Id, operation_ParentId) as call, cloud_RoleName
  from requests
  where operation_ParentId <> ''
),
calls as (
  select
    caller.cloud_RoleName as source,
    coalesce(called.cloud_RoleName, nullif(caller.target, ''), caller.name) as target,
    if(called.call is null, caller.type, 'service') as type,
    caller.success,
    caller.duration
  from dependencies as caller
  left join called on called.call = hash(caller.operation_Id, caller.id)
  where caller.type <> 'InProc'
)
select
  source,
  target,
  type,
  count(*) as calls,
  count(*) filter (where not success) as failed,
  round(100.0 * count(*) filter (where not success) / count(*), 2) as failedPercent,
  round(avg(duration), 3) as average,
  round(quantile_cont(duration, 0.95), 3) as p95
from calls$where
group by source, target, type
order by calls desc, source, target, type
""",
    columns=(
        Column("source", "FROM"),
        Column("target", "TO"),
        TYPE,
        CALLS,
        FAILED,
        FAILED_PERCENT,
        Column("average", "AVG", Unit.MILLISECONDS),
        Column("p95", "P95", Unit.MILLISECONDS),
    ),
    filters={"service": "(source = $value or target = $value)"},
    conditions=("source is distinct from target",),
)

MAP_NODES = Report(
    name="map-nodes",
    title="Application map: services",
    empty=REQUESTS.empty,
    sql="""
select
  cloud_RoleName,
  approx_count_distinct(cloud_RoleInstance) as instances,
  count(*) as count,
  count(*) filter (where not success) as failed,
  round(100.0 * count(*) filter (where not success) / count(*), 2) as failedPercent,
  round(avg(duration), 3) as average,
  round(quantile_cont(duration, 0.95), 3) as p95
from requests$where
group by cloud_RoleName
order by count desc, cloud_RoleName
""",
    columns=(
        SERVICE,
        Column("instances", "INSTANCES", Unit.COUNT),
        Column("count", "REQUESTS", Unit.COUNT),
        *MAP.columns[4:],
    ),
    filters=SERVICE_FILTER,
)
