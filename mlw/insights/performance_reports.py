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
    RESULT_CODE,
    SERVICE,
    SERVICE_FILTER,
    TARGET,
    TIMESTAMP,
    TYPE,
    WITHIN_OPERATION_FILTER,
)
from mlw.insights.insights_report import Column, Report, Unit
from mlw.insights.percentiles import with_percentiles

_DEPENDENCY_FILTERS = {
    **SERVICE_FILTER,
    **WITHIN_OPERATION_FILTER,
    "type": "type = $value",
    "target": "target = $value",
    "name": "name = $value",
}

_DURATIONS = """{average} as average,
  {p50} as p50,
  {p95} as p95,
  {p99} as p99"""

_BY_GROUP = (
    """
with {ranked}
select
  {group},
  {count} as count,
  round({count} / $minutes, 3) as perMinute,
  {failed_percent} as failedPercent,
  """
    + _DURATIONS
    + """
from ranked
group by {group}
order by count desc, {group}
"""
)

_OVER_TIME = (
    """
with {ranked}
select
  {group},
  {count} as count,
  round({count} * 60.0 / $bin, 3) as perMinute,
  {failed} as failed,
  {failed_percent} as failedPercent,
  """
    + _DURATIONS
    + """
from ranked
group by {group}
order by {group}
"""
)
_BIN = "time_bucket(interval '$bin seconds', timestamp) as timestamp"

_MAP = """
with called as (
  -- Hashes take a fifth of the memory of the ids.
  select hash(operation_Id, operation_ParentId) as call, cloud_RoleName as service
  from requests
  where operation_ParentId <> ''
),
callers as (
  select
    hash(operation_Id, id) as call,
    cloud_RoleName as source,
    coalesce(nullif(target, ''), name) as target,
    type,
    success,
    duration
  from dependencies
  where type <> 'InProc'
),
calls as (
  select
    source,
    coalesce(service, target) as target,
    if(service is null, type, 'service') as type,
    success,
    duration
  from callers
  left join called using (call)
),
{ranked}
select
  {group},
  {count} as calls,
  {failed} as failed,
  {failed_percent} as failedPercent,
  {average} as average,
  {p95} as p95
from ranked
group by {group}
order by calls desc, {group}
"""

_MAP_NODES = """
with instances as (
  select cloud_RoleName, count(distinct cloud_RoleInstance) as instances
  from requests
  group by cloud_RoleName
),
{ranked}
select
  {group},
  any_value(instances) as instances,
  {count} as count,
  {failed} as failed,
  {failed_percent} as failedPercent,
  {average} as average,
  {p95} as p95
from ranked
join instances using ({group})
group by {group}
order by count desc, {group}
"""

REQUESTS = Report(
    name="requests",
    title="Requests by operation",
    empty="No service has received a request that it traced.",
    sql=with_percentiles(_BY_GROUP, "requests$where", group="operation_Name, cloud_RoleName"),
    columns=(OPERATION, SERVICE, *PERFORMANCE),
    filters={**SERVICE_FILTER, **OPERATION_FILTER},
)

# A JSON pointer: names of attributes have dots.
_ENDPOINT, _DEPLOYMENT = (f"(customDimensions ->> '/azureml.{part}')" for part in ("endpoint", "deployment"))

ENDPOINTS = Report(
    name="endpoints",
    title="Requests to online endpoints",
    empty="No online endpoint has received a request.",
    sql=with_percentiles(
        _BY_GROUP,
        "requests$where",
        group="endpoint, deployment, resultCode",
        keys=f"{_ENDPOINT} as endpoint, coalesce({_DEPLOYMENT}, '') as deployment, resultCode",
    ),
    columns=(Column("endpoint", "ENDPOINT"), Column("deployment", "DEPLOYMENT"), RESULT_CODE, *PERFORMANCE),
    filters={"endpoint": f"{_ENDPOINT} = $value", "deployment": f"{_DEPLOYMENT} = $value"},
    conditions=(f"{_ENDPOINT} is not null",),
)

DEPLOYMENTS = Report(
    name="deployments",
    title="Requests to deployments",
    empty="No request in this time.",
    sql=with_percentiles(
        _BY_GROUP,
        "requests$where",
        group="endpoint, deployment",
        keys=f"{_ENDPOINT} as endpoint, coalesce({_DEPLOYMENT}, '') as deployment",
    ),
    columns=(Column("endpoint", "ENDPOINT"), Column("deployment", "DEPLOYMENT"), *PERFORMANCE),
    filters=ENDPOINTS.filters,
    conditions=ENDPOINTS.conditions,
)

DEPENDENCIES = Report(
    name="dependencies",
    title="Dependencies",
    empty="No service has traced a call to another service, a database or a queue.",
    sql=with_percentiles(_BY_GROUP, "dependencies$where", group="type, target, name"),
    columns=(TYPE, TARGET, NAME, *PERFORMANCE),
    filters=_DEPENDENCY_FILTERS,
)

_OVER_TIME_COLUMNS = (TIMESTAMP, COUNT, PERFORMANCE[1], FAILED, *PERFORMANCE[2:])

REQUESTS_OVER_TIME = Report(
    name="requests-over-time",
    title="Requests over time",
    empty=REQUESTS.empty,
    sql=with_percentiles(_OVER_TIME, "requests$where", group="timestamp", keys=_BIN),
    columns=_OVER_TIME_COLUMNS,
    filters=REQUESTS.filters,
)

DEPENDENCIES_OVER_TIME = Report(
    name="dependencies-over-time",
    title="Dependencies over time",
    empty=DEPENDENCIES.empty,
    sql=with_percentiles(_OVER_TIME, "dependencies$where", group="timestamp", keys=_BIN),
    columns=_OVER_TIME_COLUMNS,
    filters=_DEPENDENCY_FILTERS,
)

MAP = Report(
    name="map",
    title="Application map: calls between services",
    empty="No service has traced a call to another service, a database or a queue.",
    sql=with_percentiles(_MAP, "calls$where", group="source, target, type"),
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
    sql=with_percentiles(_MAP_NODES, "requests$where", group="cloud_RoleName"),
    columns=(
        SERVICE,
        Column("instances", "INSTANCES", Unit.COUNT),
        Column("count", "REQUESTS", Unit.COUNT),
        *MAP.columns[4:],
    ),
    filters=SERVICE_FILTER,
)
