"""`mlw experiment`: list, show, delete, restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.output import table
from mlw.tracking.tracking_options import Tracking, staged, uses_tracking

if TYPE_CHECKING:
    from mlw.tracking.tracking_records import Experiment

_NAME = click.argument("name", metavar="NAME", help="Name of the experiment, or its id.")
_OPERATION = "Microsoft.MachineLearningServices/workspaces/experiments/{}"
_LISTED = 100
_RUNS = 5


@command(
    examples=(
        "mlw experiment list dev",
        "mlw experiment list dev --filter \"name LIKE 'churn%'\" --include-deleted",
        "mlw experiment list dev --query '[].name' -o tsv",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_tracking
@click.option("--filter", "text", metavar="FILTER", default="", help="MLflow's filter, e.g. \"name LIKE 'churn%'\".")
@staged
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_experiments(tracking: Tracking, text: str, view: str, limit: int, output: Output) -> int:
    """List the experiments of a workspace.

    The last changed first. A program makes an experiment when it names it: `mlflow.set_experiment`, the variable
    MLFLOW_EXPERIMENT_NAME, or `mlw run --experiment-name`.
    """
    from mlw.tracking import experiments  # noqa: PLC0415 - a wrong command line does not need it

    found = experiments.search(tracking.client, text=text, view=view, limit=limit)
    output.print([one.as_json() for one in found], lambda: _listed(found))
    note_more(len(found), limit)
    return DONE


def _listed(found: list[Experiment]) -> str:
    from mlw.tracking.tracking_text import cell, moment  # noqa: PLC0415 - likewise

    headings = ("NAME", "ID", "CREATED", "LAST CHANGED", "STAGE")
    rows = [(cell(one.name), one.id, moment(one.created), moment(one.updated), one.stage) for one in found]
    return table(headings, rows, whole=(1,))


@command(
    examples=("mlw experiment show dev churn", "mlw experiment show dev churn -o json"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_tracking
@_NAME
@prints_data(Format.TABLE, has_json_flag=True)
def show(tracking: Tracking, name: str, output: Output) -> int:
    """Show an experiment and its last runs."""
    from mlw.tracking import experiments, tracked_runs  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.tracking.tracking_text import facts, run_table  # noqa: PLC0415 - likewise

    found = experiments.find(tracking.client, name)
    last = tracked_runs.search(tracking.client, [found.id], limit=_RUNS)
    data = {**found.as_json(), "lastRuns": [one.as_json(found.name) for one in last]}
    rows = {key: value for key, value in found.as_json().items() if key != "tags"} | dict(found.tags)
    output.print(data, lambda: f"{facts(rows)}\n\n{run_table(last, {found.id: found.name})}" if last else facts(rows))
    return DONE


@command(
    examples=("mlw experiment delete dev churn", "mlw experiment delete dev churn --yes"),
    exit_codes={DONE: "deleted", FAILED: f"not confirmed, or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below="/experiments/{name}"),
)
@uses_tracking
@_NAME
@YES
def delete(tracking: Tracking, name: str, *, yes: bool) -> int:
    """Delete an experiment with its runs; it can be restored.

    Its name cannot be used again until it is restored or its garbage is removed.
    """
    from mlw.tracking import experiments  # noqa: PLC0415 - a wrong command line does not need it

    found = experiments.find(tracking.client, name)
    if not confirmed(f"Delete experiment '{found.name}' with all its runs?", yes=yes):
        return FAILED
    experiments.delete(tracking.client, found)
    print(f"Deleted: experiment '{found.name}'. `mlw experiment restore` restores it.")
    return DONE


@command(
    examples=("mlw experiment restore dev churn",),
    exit_codes={DONE: "restored", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), below="/experiments/{name}"),
)
@uses_tracking
@_NAME
def restore(tracking: Tracking, name: str) -> int:
    """Restore a deleted experiment and its runs."""
    from mlw.tracking import experiments  # noqa: PLC0415 - a wrong command line does not need it

    found = experiments.find(tracking.client, name)
    experiments.restore(tracking.client, found)
    print(f"Restored: experiment '{found.name}'.")
    return DONE
