"""`mlw job create`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import FILE
from mlw.data_output import Format, Output, prints_data
from mlw.jobs.job_options import Jobs, uses_jobs

SET = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a field of the file; may be repeated."
)
_NEWER = "Use a newer Python where environments in the file ask for one that cannot be had; the job's log reports it."


@command(
    examples=(
        "mlw job create dev -f job.yml",
        "mlw job create dev -f job.yml --stream",
        "mlw job create dev -f job.yml --set inputs.depth=5 --set compute=local --name first-try",
        "mlw job create dev -f job.yml --query name -o tsv",
    ),
    exit_codes={DONE: "submitted; with --stream, completed", FAILED: f"with --stream, not completed; or {FAILURE}"},
    records=Recorded(operation="Microsoft.MachineLearningServices/workspaces/jobs/write", details=("name",)),
)
@uses_jobs
@click.option(
    "--file", "-f", "file", metavar="FILE", type=FILE, required=True, help="The job's YAML file, as in Azure."
)
@SET
@click.option("--name", "-n", metavar="NAME", help="Name of the job; by default the file's, otherwise a new one.")
@click.option("--allow-newer-python", is_flag=True, help=_NEWER)
@click.option("--stream", "-s", is_flag=True, help="Show the log until the job ends.")
@click.option("--web", "-e", is_flag=True, help="Open the run in the browser.")
@prints_data(Format.JSON)
def create(
    jobs: Jobs,
    file: Path,
    overrides: tuple[str, ...],
    name: str | None,
    *,
    allow_newer_python: bool,
    stream: bool,
    web: bool,
    output: Output,
) -> int:
    """Submit a job.

    FILE is a YAML file of `az ml job create`: a command job or a pipeline job. Its code is stored as a snapshot, local
    data is uploaded, and the job waits in the queue of its compute until a node is free. The command returns when the
    job is submitted.
    """
    from mlw.jobs import submitting  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.jobs.job_documents import as_json  # noqa: PLC0415 - likewise

    made = submitting.submit(jobs, file, overrides, name, allow_newer_python=allow_newer_python, tell=_tell)
    output.print(as_json(jobs.workspace.records.read(made.name)))
    if web:
        from mlw.jobs.job_web import show_runs  # noqa: PLC0415 - likewise

        show_runs(jobs, made.name)
    if not stream:
        return DONE
    from mlw.jobs.log_stream import follow  # noqa: PLC0415 - likewise

    return DONE if follow(jobs, made.name) else FAILED


def _tell(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
