"""Reports on what fails: requests and dependencies, exceptions, availability."""

from __future__ import annotations

from mlw.insights.columns import (
    COUNT,
    LAST_SEEN,
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
    TYPE,
    WITHIN_OPERATION_FILTER,
)
from mlw.insights.insights_report import Column, Report, Unit

_EXAMPLE = Column("example", "EXAMPLE OPERATION ID", is_id=True)
_PROBLEM = Column("problemId", "PROBLEM")
_EXCEPTION_MESSAGE = Column("outerMessage", "MESSAGE")

FAILURES = Report(
    name="failures",
    title="Failed requests and dependencies",
    empty="No request and no dependency failed.",
    sql="""
with calls as (
  select 'request' as itemType, operation_Name as name, '' as target, cloud_RoleName, resultCode, success, timestamp,
    operation_Id
  from requests
  union all
  select 'dependency', name, target, cloud_RoleName, resultCode, success, timestamp, operation_Id
  from dependencies
)
select
  itemType,
  name,
  target,
  cloud_RoleName,
  resultCode,
  count(*) as count,
  max(timestamp) as lastSeen,
  arg_max(operation_Id, timestamp) as example
from calls$where
group by itemType, name, target, cloud_RoleName, resultCode
order by itemType desc, count desc, name, target, resultCode
""",
    columns=(
        Column("itemType", "ITEM"),
        NAME,
        Column("target", "TARGET"),
        SERVICE,
        RESULT_CODE,
        COUNT,
        LAST_SEEN,
        _EXAMPLE,
    ),
    filters={
        **SERVICE_FILTER,
        **WITHIN_OPERATION_FILTER,
        "item_type": "itemType = $value",
        "code": "resultCode = $value",
    },
    conditions=("not success",),
)

EXCEPTIONS = Report(
    name="exceptions",
    title="Exceptions by problem",
    empty="No service has recorded an exception.",
    sql="""
select
  problemId,
  type,
  arg_max(outerMessage, timestamp) as outerMessage,
  cloud_RoleName,
  count(*) as count,
  max(timestamp) as lastSeen,
  arg_max(operation_Id, timestamp) as example
from exceptions$where
group by problemId, type, cloud_RoleName
order by count desc, lastSeen desc, problemId
""",
    columns=(_PROBLEM, TYPE, _EXCEPTION_MESSAGE, SERVICE, COUNT, LAST_SEEN, _EXAMPLE),
    filters={**SERVICE_FILTER, **WITHIN_OPERATION_FILTER, "type": "type = $value", "problem": "problemId = $value"},
)

EXCEPTION_ITEMS = Report(
    name="exception-items",
    title="Exceptions, the newest first",
    empty=EXCEPTIONS.empty,
    sql="""
select timestamp, type, outerMessage, details, problemId, cloud_RoleName, operation_Name, operation_Id
from exceptions$where
order by timestamp desc
limit $rows
""",
    columns=(
        TIMESTAMP,
        TYPE,
        _EXCEPTION_MESSAGE,
        Column("details", "DETAILS"),
        _PROBLEM,
        SERVICE,
        OPERATION,
        OPERATION_ID,
    ),
    filters={**EXCEPTIONS.filters, **OPERATION_ID_FILTER},
)

AVAILABILITY = Report(
    name="availability",
    title="Availability tests",
    empty="No availability test has run.",
    sql="""
select
  name,
  location,
  round(100.0 * count(*) filter (where success) / count(*), 3) as availability,
  count(*) as count,
  count(*) filter (where not success) as failed,
  arg_max(success, timestamp) as success,
  arg_max(message, timestamp) as message,
  max(timestamp) as lastSeen,
  round(avg(duration), 3) as average
from availabilityResults$where
group by name, location
order by availability, name, location
""",
    columns=(
        Column("name", "TEST"),
        Column("location", "LOCATION"),
        Column("availability", "AVAILABLE %", Unit.PERCENT),
        Column("count", "RUNS", Unit.COUNT),
        Column("failed", "FAILED", Unit.COUNT),
        SUCCESS,
        MESSAGE,
        Column("lastSeen", "LAST RUN", Unit.TIME),
        Column("average", "AVG", Unit.MILLISECONDS),
    ),
    filters={"test": "name = $value"},
)

AVAILABILITY_OVER_TIME = Report(
    name="availability-over-time",
    title="Availability over time",
    empty=AVAILABILITY.empty,
    sql="""
select
  time_bucket(interval '$bin seconds', timestamp) as timestamp,
  name,
  round(100.0 * count(*) filter (where success) / count(*), 3) as availability,
  round(avg(duration), 3) as average
from availabilityResults$where
group by all
order by timestamp, name
""",
    columns=(
        TIMESTAMP,
        Column("name", "TEST"),
        Column("availability", "AVAILABLE %", Unit.PERCENT),
        Column("average", "AVG", Unit.MILLISECONDS),
    ),
    filters=AVAILABILITY.filters,
)
