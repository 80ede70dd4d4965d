"""`mlw job list`, `show`, `stream`, `cancel`, `update`, `archive`, `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.jobs.job_options import Jobs, named, uses_jobs

if TYPE_CHECKING:
    from mlw.jobs.job_records import Job

_OPERATION = "Microsoft.MachineLearningServices/workspaces/jobs/{}"
_WRITTEN = Recorded(operation=_OPERATION.format("write"), below="/jobs/{name}")
_LISTED = 50


@command(
    examples=(
        "mlw job list dev",
        "mlw job list dev --max-results 10 --query \"[?status=='Failed'].name\" -o tsv",
        "mlw job list dev --parent-job-name job-5f0c",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_jobs
@click.option("--parent-job-name", "parent", metavar="NAME", default="", help="List the steps or trials of this job.")
@click.option(
    "--include-archived", "view", flag_value="all", default="active", type=str, help="Also show archived jobs."
)
@click.option("--archived-only", "view", flag_value="archived", type=str, help="Show only archived jobs.")
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_jobs(jobs: Jobs, parent: str, view: str, limit: int, output: Output) -> int:
    """List the jobs of a workspace.

    The last submitted first. Steps of pipeline jobs and trials of sweep jobs are listed with --parent-job-name only.
    """
    from mlw.jobs.job_documents import as_json, job_table  # noqa: PLC0415 - a wrong command line does not need it

    jobs.continue_queue()
    archived = {"active": False, "archived": True}.get(view)
    found = jobs.workspace.records.last(limit=limit, parent=parent, archived=archived)
    output.print([as_json(one) for one in found], lambda: job_table(found))
    note_more(len(found), limit)
    return DONE


@command(
    examples=("mlw job show dev job-5f0c", "mlw job show dev --name job-5f0c --query status -o tsv"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_jobs
@named
@click.option("--web", "-e", is_flag=True, help="Open the run in the browser.")
@prints_data(Format.TABLE, has_json_flag=True)
def show(jobs: Jobs, name: str, *, web: bool, output: Output) -> int:
    """Show a job: status, times, exit code, outputs, and why it failed.

    Of a pipeline job also the graph of its steps: their status, whether the results of an earlier job were reused, and
    otherwise what has changed. Of a sweep job also its best trial, the objective over all trials, and their parameters.
    """
    from mlw.jobs.job_documents import as_json, job_text  # noqa: PLC0415 - a wrong command line does not need it

    jobs.continue_queue()
    found = jobs.workspace.records.read(name)
    output.print(as_json(found), lambda: f"{job_text(found)}{_children_of(jobs, found)}")
    if web:
        from mlw.jobs.job_web import show_runs  # noqa: PLC0415 - likewise

        show_runs(jobs, name)
    return DONE


def _children_of(jobs: Jobs, job: Job) -> str:
    if job.record.type == "pipeline":
        from mlw.pipelines.pipeline_text import steps_text  # noqa: PLC0415 - only for a pipeline job

        return f"\n\n{steps_text(jobs.workspace.records, job)}"
    if job.record.type == "sweep":
        from mlw.sweeps.sweep_text import trials_text  # noqa: PLC0415 - only for a sweep job

        return f"\n\n{trials_text(jobs.workspace.records, job)}"
    return ""


@command(
    examples=("mlw job stream dev job-5f0c",),
    exit_codes={DONE: "the job is completed", FAILED: f"it failed or was canceled; or {FAILURE}"},
)
@uses_jobs
@named
def stream(jobs: Jobs, name: str) -> int:
    """Show the log of a job until it ends."""
    from mlw.jobs.log_stream import follow  # noqa: PLC0415 - a wrong command line does not need it

    return DONE if follow(jobs, name) else FAILED


@command(
    examples=("mlw job cancel dev job-5f0c",),
    exit_codes={DONE: "requested, or the job had ended", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("cancel/action"), below="/jobs/{name}"),
)
@uses_jobs
@named
def cancel(jobs: Jobs, name: str) -> int:
    """Cancel a job.

    The command gets SIGTERM, and ten seconds later SIGKILL. What it wrote until then is kept.
    """
    found = jobs.workspace.records.read(name)
    if found.state.status.is_final:
        print(f"Job '{name}' had ended: {found.status}.")
        return DONE
    jobs.workspace.records.request_cancel(name)
    jobs.continue_queue()
    print(f"Requested: cancel job '{name}'. `mlw job show` shows when it has ended.")
    return DONE


@command(
    examples=(
        "mlw job update dev job-5f0c --set tags.stage=review",
        "mlw job update dev job-5f0c --set display_name='First try' --set description='Depth 5'",
    ),
    exit_codes={DONE: "updated", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_jobs
@named
@click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True, required=True,
    help="display_name, description or tags.NAME; may be repeated.",
)  # fmt: skip
@prints_data(Format.JSON)
def update(jobs: Jobs, name: str, changes: tuple[str, ...], output: Output) -> int:
    """Change the display name, description and tags of a job."""
    from mlw.jobs.job_changes import changed  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.jobs.job_documents import as_json  # noqa: PLC0415 - likewise

    records = jobs.workspace.records
    records.change(name, **changed(records.read(name), changes))
    output.print(as_json(records.read(name)))
    return DONE


@command(examples=("mlw job archive dev job-5f0c",), exit_codes={DONE: "archived", FAILED: FAILURE}, records=_WRITTEN)
@uses_jobs
@named
def archive(jobs: Jobs, name: str) -> int:
    """Archive a job: lists omit it."""
    _set_archived(jobs, name, archived=True)
    print(f"Archived: job '{name}'. `mlw job restore` restores it.")
    return DONE


@command(examples=("mlw job restore dev job-5f0c",), exit_codes={DONE: "restored", FAILED: FAILURE}, records=_WRITTEN)
@uses_jobs
@named
def restore(jobs: Jobs, name: str) -> int:
    """Restore an archived job."""
    _set_archived(jobs, name, archived=False)
    print(f"Restored: job '{name}'.")
    return DONE


def _set_archived(jobs: Jobs, name: str, *, archived: bool) -> Job:
    found = jobs.workspace.records.read(name)
    jobs.workspace.records.change(name, archived=archived)
    return found
