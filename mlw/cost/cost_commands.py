"""`mlw cost show`, `mlw cost export` and `mlw cost sample`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import click

from infra.errors import MlWorkspaceError
from mlw.activity import run_recording
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import FILE, stack_names
from mlw.cost import usage_ledger
from mlw.cost.charges import Meter
from mlw.cost.cost_report import EXAMPLE, GROUPINGS, NOTICE, CostFilter, Report
from mlw.data_output import Format, Output, prints_data
from mlw.insights.time_ranges import TimeRange, TimeRangeError, time_range
from mlw.output import table
from mlw.stacks.stacks import context_of, open_stacks

DEFAULT_OFFSET = "30d"

_STACK = click.argument(
    "stack", metavar="[STACK]", required=False, shell_complete=stack_names, help="Only costs of this stack."
)
_RATES = click.option("--rates", metavar="FILE", type=FILE, help="Rate card; the default is stacks/rates.yaml.")
_SAMPLE = click.option("--no-sample", is_flag=True, help="Do not ask the engine first; costs what is known already.")


def _selecting(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that select charges."""
    options = (
        _STACK,
        click.option("--offset", metavar="LENGTH", help=f"Length of the time range. Default: {DEFAULT_OFFSET}."),
        click.option("--start-time", metavar="TIME", help="Start of the time range; UTC unless it has a zone."),
        click.option("--end-time", metavar="TIME", help="End of the time range; by default now."),
        click.option("--resource-group", "-g", metavar="NAME", default="", help="Only costs of this resource group."),
        click.option("--tag", metavar="KEY=VALUE", default="", help="Only costs of resources with this tag."),
        _RATES,
        _SAMPLE,
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), function)


@command(
    examples=(
        "mlw cost show",
        "mlw cost show dev --by day --offset 7d",
        "mlw cost show --by tag:cost-center -o json",
        "mlw cost show dev --query total -o tsv",
    ),
    exit_codes={DONE: "shown", FAILED: FAILURE},
)
@_selecting
@click.option("--by", metavar="WHAT", default="resource", help=f"One of {', '.join(GROUPINGS)}; default: resource.")
@prints_data(Format.TABLE, has_json_flag=True)
def show(*, by: str, output: Output, **given: Any) -> int:  # noqa: ANN401 - the options, from Click
    """Show what workspaces cost at the rates of the rate card.

    Provisioned CPU and memory limits times running time, data on volumes times time, requests. Asks the engine first
    what runs and how large the volumes are, and shows what is used of the limits. This is showback, not a bill;
    docs/cost.md says how exact it is.
    """
    from mlw.cost import cost_report, rate_card  # noqa: PLC0415 - pydantic is slow to import

    rates, wanted, only = rate_card.load(given["rates"]), _range(given), _filter(given)
    used = [] if given["no_sample"] else _sample()
    report = cost_report.report(rates, wanted, by=by, only=only)
    efficiency = [one for one in used if only.stack in {"", one["stack"]}]
    output.print({**report.as_json(), "efficiency": efficiency}, lambda: _as_text(report, efficiency))
    return DONE


@command(
    examples=("mlw cost export --offset 90d > costs.csv", "mlw cost export dev --file costs.csv"),
    exit_codes={DONE: "written", FAILED: FAILURE},
)
@_selecting
@click.option("--file", metavar="FILE", type=FILE, help="Where to write; the default is standard output.")
def export(*, file: Path | None, **given: Any) -> int:  # noqa: ANN401 - the options, from Click
    """Write costs as FOCUS 1.3 CSV.

    The dataset Cost and Usage of the FinOps Open Cost and Usage Specification, one row for each container or volume,
    meter and day. Columns that do not apply are empty, own ones begin with `x_`.
    """
    import io  # noqa: PLC0415 - only here

    from infra.host import atomic_files  # noqa: PLC0415 - only here
    from mlw.cost import charges, cost_report, focus_export, rate_card  # noqa: PLC0415 - pydantic is slow to import

    rates, wanted, only = rate_card.load(given["rates"]), _range(given), _filter(given)
    if not given["no_sample"]:
        _sample()
    found = cost_report.select(charges.charges(rates, start=wanted.start, end=wanted.end), only)
    text = io.StringIO()
    count = focus_export.write(found, rates, text)
    if file is None:
        sys.stdout.write(text.getvalue())
    else:
        atomic_files.write(file, text.getvalue())
        print(f"Written: '{file}', {count} rows, FOCUS {focus_export.VERSION}.")
    return DONE


@command(
    examples=("mlw cost sample", "mlw cost sample --requests"),
    exit_codes={DONE: "measured", FAILED: f"some stack could not be measured, or it {FAILURE}"},
)
@click.option("--requests", is_flag=True, help="Also count the requests that application insights has stored.")
def sample(*, requests: bool) -> int:
    """Measure what runs and how large the volumes are.

    Run it hourly, e.g. from cron: the more often, the less of the running time is assumed, and the more exactly the
    size of volumes is known. `mlw cost show` measures too.
    """
    problems: list[str] = []
    used = _sample()
    if requests:
        from mlw.cost import request_counts  # noqa: PLC0415 - only if asked for

        problems += filter(None, (request_counts.count(stack) for stack in open_stacks(problems.append)))
    for problem in problems:
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
    print(f"Measured: {len(used)} containers of {len({one['stack'] for one in used})} stacks.")
    return FAILED if problems else DONE


def _sample() -> list[dict[str, Any]]:
    """Update the ledgers from the states and the engine; a missing engine leaves them as they are.

    Returns:
        What containers use of their limits.
    """
    from mlw.cost import cost_report, engine_usage  # noqa: PLC0415 - docker is slow to import

    run_recording.catch_up_all(context_of("-"))
    identities = usage_ledger.identities()
    names = {identity: str(usage_ledger.read(identity)["stack"]) for identity in identities}
    try:
        use = engine_usage.measure(identities)
    except MlWorkspaceError as exc:
        print(f"WARNING: {exc} Running times are those that are known already.", file=sys.stderr)
        return []
    engine_usage.record(use, identities)
    return cost_report.efficiency(use, names)


def _range(given: Mapping[str, Any]) -> TimeRange:
    offset = given["offset"] or (None if given["start_time"] else DEFAULT_OFFSET)
    try:
        return time_range(offset=offset, start=given["start_time"], end=given["end_time"])
    except TimeRangeError as exc:
        raise click.UsageError(str(exc), click.get_current_context()) from exc


def _filter(given: Mapping[str, Any]) -> CostFilter:
    only = CostFilter(stack=given["stack"] or "", resource_group=given["resource_group"], tag=given["tag"])
    only.check()
    return only


def _as_text(report: Report, efficiency: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"Time range: {report.range}", *notices(report)]
    if not report.lines:
        return "\n".join([*lines, "", "No costs in this range."])
    headings = (report.by.upper(), *(str(meter).upper() for meter in Meter), "TOTAL", "ASSUMED")
    rows = [
        (line.name, *(f"{line.meters.get(meter, 0):.4f}" for meter in Meter), f"{line.cost:.4f}", f"{line.assumed:.4f}")
        for line in report.lines
    ]
    total = (
        "total",
        *(f"{_sum(report, meter):.4f}" for meter in Meter),
        f"{report.total:.4f}",
        f"{report.assumed:.4f}",
    )
    shown = [*lines, "", table(headings, [*rows, total])]
    if efficiency:
        shown += ["", "Used now of what is provisioned (CPUs: average since the container was started):"]
        shown.append(table(("CONTAINER", "CPUS", "LIMIT", "MEMORY MIB", "LIMIT", "USED"), map(_used, efficiency)))
    return "\n".join(shown)


def notices(report: Report) -> list[str]:
    """What has to be said with every report."""
    rates = report.rates
    said = [NOTICE, f"Rates: {rates.source}, {rates.date}, in {rates.currency}."]
    return [*said, EXAMPLE] if rates.is_example else said


def _sum(report: Report, meter: Meter) -> Any:  # noqa: ANN401 - a decimal
    return sum(line.meters.get(meter, 0) for line in report.lines)


def _used(one: Mapping[str, Any]) -> Sequence[str]:
    limit = f"{one['cpuLimit']:g}" if one["cpuLimit"] else "none"
    share = f"{one['memoryEfficiency']:.0%}" if one["memoryEfficiency"] is not None else ""
    return (
        one["container"],
        f"{one['cpus']:.3f}",
        limit,
        f"{one['memoryMiB']:.1f}",
        f"{one['memoryLimitMiB']:.0f}",
        share,
    )
