"""SQL for counts, failures and percentiles of durations, in little memory.

`quantile_cont` holds every duration. Here durations that differ by less than 1 % are counted together, so that memory
depends on the number of groups, not of items. A percentile is the mean of such a step, or lies between two as it would
between two durations: within 1 % of the exact value, and exact when each duration has a step of its own.
"""

from __future__ import annotations

from string import Template

_RANKED = Template(
    """steps as (
  -- Durations within 1 % of each other are one row: however many there are, they fit into memory.
  select
    $keys,
    floor(100 * ln(duration + 1e-6)) as step,
    count(*) as items,
    count(*) filter (where not success) as failures,
    sum(duration) as total
  from $source
  group by all
),
ranked as (
  select
    *,
    total / items as mean,
    sum(items) over (partition by $group order by step) as rank,
    sum(items) over (partition by $group) - 1 as last
  from steps
)"""
)

_PERCENTILE = Template(
    """round(
    min(mean) filter (where rank > floor($share * last)) * (1 - $share * max(last) % 1)
    + min(mean) filter (where rank > ceil($share * last)) * ($share * max(last) % 1),
    3)"""
)

_COUNT, _FAILED = "cast(sum(items) as bigint)", "cast(sum(failures) as bigint)"
_COLUMNS = {
    "count": _COUNT,
    "failed": _FAILED,
    "failed_percent": f"round(100.0 * {_FAILED} / {_COUNT}, 2)",
    "average": f"round(sum(total) / {_COUNT}, 3)",
    **{name: _PERCENTILE.substitute(share=share) for name, share in {"p50": 0.5, "p95": 0.95, "p99": 0.99}.items()},
}


def with_percentiles(sql: str, source: str, *, group: str, keys: str = "") -> str:
    """Complete a query over the durations of items.

    Args:
        sql: The query. It defines `{ranked}` in WITH and selects from `ranked` by `{group}`: `{count}`, `{failed}`,
            `{failed_percent}`, `{average}`, `{p50}`, `{p95}`, `{p99}`.
        source: A table with `duration` and `success`, and conditions.
        group: Columns of the group.
        keys: Expressions for these columns, if they are not columns of the source.
    """
    ranked = _RANKED.substitute(source=source, group=group, keys=keys or group)
    return sql.format(ranked=ranked, group=group, **_COLUMNS)
