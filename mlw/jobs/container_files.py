"""The files of a job's container: its code, its inputs, folders for its outputs, and what starts its command."""

from __future__ import annotations

from collections.abc import Iterator

from mlw.jobs import command_text, job_paths, program_files, start_files
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.ports import JobData, JobRights, SourceFile


def of(job: CommandJob, code: Iterator[SourceFile], rights: JobRights, data: JobData) -> Iterator[SourceFile]:
    """All of them; contents are read when they are needed.

    Args:
        job: The job.
        code: Files of its snapshot of code.
        rights: What it may use.
        data: Reads its inputs.

    Raises:
        JobError: The command names an input or output that the job does not have.
    """
    yield from _below(job_paths.working_folder(job.name), code)
    for name in job_paths.DEFAULT_FOLDERS:
        yield SourceFile(name=f"{job_paths.working_folder(job.name)}/{name}", is_folder=True)
    for name in job.outputs:
        yield SourceFile(name=job_paths.output_folder(job.name, name), is_folder=True)
    for name, given in job.inputs.items():
        if given.location is not None:
            folder = "/".join(filter(None, (job_paths.input_folder(job.name, name), given.folder)))
            yield from _below(folder, data.data(given.location), is_read_only=given.mode != "download")
    inputs = {name: job_paths.input_value(job.name, name, given) for name, given in job.inputs.items()}
    outputs = {name: job_paths.output_path(job.name, name, wanted) for name, wanted in job.outputs.items()}
    command = command_text.resolve(job.command, inputs, outputs, job=job.name)
    yield from rights.files
    yield from program_files.files(job.program)
    paths = {f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items() if value is not None}
    paths |= {f"AZURE_ML_OUTPUT_{name}": path for name, path in outputs.items()}
    yield from start_files.files(command, {**paths, **rights.variables, **job.environment_variables})


def _below(folder: str, files: Iterator[SourceFile], *, is_read_only: bool = False) -> Iterator[SourceFile]:
    yield SourceFile(name=folder, is_folder=True, is_read_only=is_read_only)
    for one in files:
        yield SourceFile(
            name=f"{folder}/{one.name}", size=one.size, content=one.content, mode=one.mode, is_read_only=is_read_only
        )
