"""`mlw job download`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlw.command import DONE, FAILED, FAILURE, command
from mlw.jobs.job_options import Jobs, named, uses_jobs
from mlw.tracking.run_download import DOWNLOAD_PATH, OVERWRITE, counted

if TYPE_CHECKING:
    from mlw.jobs.job_records import Job


@command(
    examples=(
        "mlw job download dev job-5f0c",
        "mlw job download dev job-5f0c --output-name model --download-path out",
        "mlw job download dev --name job-5f0c --all",
    ),
    exit_codes={DONE: "downloaded", FAILED: FAILURE},
    exclusive=(("everything", "output_name"),),
    progress="downloading",
)
@uses_jobs
@named
@click.option("--output-name", metavar="OUTPUT", default="", help="Only this output.")
@click.option("--all", "everything", is_flag=True, help="All outputs and default artifacts.")
@DOWNLOAD_PATH
@OVERWRITE
def download(jobs: Jobs, name: str, *, output_name: str, everything: bool, folder: Path, overwrite: bool) -> int:
    """Download the log, default artifacts and outputs of a job.

    Writes to the folder FOLDER/NAME: the log and the default artifacts (`outputs`, `logs`) to `artifacts`, outputs to
    `named-outputs`. Without an option it downloads log and default artifacts. Each file is complete or not there;
    existing files are kept unless --overwrite is given.
    """
    from mlw.jobs import job_files  # noqa: PLC0415 - a wrong command line does not need it

    job: Job = jobs.workspace.records.read(name)
    target, count = folder / name, 0
    if not output_name:
        count += job_files.artifacts(jobs.workspace, name, target / "artifacts", overwrites=overwrite)
    for output in [output_name] if output_name else list(job.state.outputs) if everything else []:
        place = target / "named-outputs" / output
        count += job_files.output(jobs.workspace, job, output, place, overwrites=overwrite)
    print(f"Downloaded: {counted(count)} to '{target}'.")
    return DONE
