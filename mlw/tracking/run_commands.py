"""`mlw run list`, `show`, `compare`, `delete`, `restore`; `mlw run STACK -- COMMAND` is in `client_environment`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.tracking.tracking_options import Tracking, staged, uses_tracking

if TYPE_CHECKING:
    from mlw.tracking.tracking_client import TrackingClient
    from mlw.tracking.tracking_records import Experiment

_OPERATION = "Microsoft.MachineLearningServices/workspaces/runs/{}"
_LISTED = 50
_SORT = (
    "Order by a metric, params.NAME, tags.NAME, start_time, end_time, run_name or status; NAME:desc for the reverse."
)
_FILTER = "MLflow's filter, e.g. \"metrics.accuracy > 0.9 and params.depth = '3'\"."
_COLUMN = "Show this metric, params.NAME or tags.NAME; by default the first metrics."

RUN = click.argument("run", metavar="RUN", help="Id of the run, the beginning of its id, or its name.")
RUNS = click.argument("names", metavar="RUN...", nargs=-1, required=True, help="Ids of runs, or their names.")


@command(
    examples=(
        "mlw run list dev",
        "mlw run list dev --experiment-name churn --sort accuracy:desc --column accuracy --column params.depth",
        "mlw run list dev --filter \"metrics.accuracy > 0.9\" --query '[].runId' -o tsv",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_tracking
@click.option("--experiment-name", metavar="NAME", help="Only runs of this experiment; by default of all.")
@click.option("--filter", "text", metavar="FILTER", default="", help=_FILTER)
@click.option("--sort", metavar="NAME[:desc]", multiple=True, help=_SORT)
@click.option("--column", "columns", metavar="NAME", multiple=True, help=_COLUMN)
@staged
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_runs(
    tracking: Tracking,
    *,
    experiment_name: str | None,
    text: str,
    sort: tuple[str, ...],
    columns: tuple[str, ...],
    view: str,
    limit: int,
    output: Output,
) -> int:
    """List the runs of a workspace.

    The last started first, unless --sort names another order.
    """
    from mlw.tracking import experiments, tracked_runs  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.tracking.tracking_text import run_table  # noqa: PLC0415 - likewise

    client = tracking.client
    within = [experiments.find(client, experiment_name)] if experiment_name else _experiments(client, view)
    names = experiments.names_of(within)
    found = tracked_runs.search(client, list(names), text=text, sort=sort, view=view, limit=limit)
    output.print([one.as_json(names[one.experiment_id]) for one in found], lambda: run_table(found, names, columns))
    note_more(len(found), limit)
    return DONE


def _experiments(client: TrackingClient, view: str) -> list[Experiment]:
    """Where to look: for deleted runs everywhere, since an experiment may be kept or deleted with them."""
    from mlw.tracking import experiments  # noqa: PLC0415 - a wrong command line does not need it

    return experiments.search(client, view="active" if view == "active" else "all")


@command(
    examples=("mlw run show dev d3b07384", "mlw run show dev nightly --query metrics.accuracy"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_tracking
@RUN
@prints_data(Format.TABLE, has_json_flag=True)
def show(tracking: Tracking, run: str, output: Output) -> int:
    """Show a run: parameters, metrics over their steps, tags, artifacts, models."""
    from mlw.tracking import run_report  # noqa: PLC0415 - a wrong command line does not need it

    found = run_report.read(tracking.client, run)
    output.print(found.as_json(), found.as_text)
    return DONE


@command(
    examples=("mlw run compare dev d3b07384 c157a79a", "mlw run compare dev base deeper --all -o json"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_tracking
@RUNS
@click.option("--all", "everything", is_flag=True, help="Also show parameters that are the same in all runs.")
@prints_data(Format.TABLE, has_json_flag=True)
def compare(tracking: Tracking, names: tuple[str, ...], output: Output, *, everything: bool) -> int:
    """Compare the parameters and metrics of runs."""
    from mlw.tracking import run_comparison, tracked_runs  # noqa: PLC0415 - a wrong command line does not need it

    found = [tracked_runs.find(tracking.client, name) for name in names]
    data = run_comparison.as_json(found, everything=everything)
    output.print(data, lambda: run_comparison.as_text(tracking.client, found, everything=everything))
    return DONE


@command(
    examples=("mlw run delete dev d3b07384", "mlw run delete dev d3b07384 c157a79a --yes"),
    exit_codes={DONE: "deleted", FAILED: f"not confirmed, or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), details=("names",)),
)
@uses_tracking
@RUNS
@YES
def delete(tracking: Tracking, names: tuple[str, ...], *, yes: bool) -> int:
    """Delete runs; they can be restored."""
    from mlw.tracking import tracked_runs  # noqa: PLC0415 - a wrong command line does not need it

    found = [tracked_runs.find(tracking.client, name) for name in names]
    shown = ", ".join(f"'{one.id}'" for one in found)
    if not confirmed(f"Delete {len(found)} run{'s' if found[1:] else ''}: {shown}?", yes=yes):
        return FAILED
    for one in found:
        tracked_runs.delete(tracking.client, one)
        print(f"Deleted: run '{one.id}'. `mlw run restore` restores it.")
    return DONE


@command(
    examples=("mlw run restore dev d3b07384b10e4d1e8e1a8b5c2a9f0e11",),
    exit_codes={DONE: "restored", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), details=("names",)),
)
@uses_tracking
@RUNS
def restore(tracking: Tracking, names: tuple[str, ...]) -> int:
    """Restore deleted runs."""
    from mlw.tracking import tracked_runs  # noqa: PLC0415 - a wrong command line does not need it

    for one in [tracked_runs.find(tracking.client, name) for name in names]:
        tracked_runs.restore(tracking.client, one)
        print(f"Restored: run '{one.id}'.")
    return DONE
