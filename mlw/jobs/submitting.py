"""Submits jobs with the rights of the caller: the file is read, what it names is stored, the record is written."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.clients.storage.blob_files import BlobForbiddenError
from mlw.azure_files.loading import load
from mlw.computes.workspace_computes import find_compute
from mlw.data import job_data
from mlw.data.data_workspace import DataWorkspace
from mlw.environments.planning import allowing_newer_python
from mlw.jobs import runner_process
from mlw.jobs.command_jobs import JobInput, JobOutput
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_options import Jobs
from mlw.jobs.job_records import PIPELINE, SWEEP, JobRecord
from mlw.jobs.submission import Submission
from mlw.tracking import code_snapshot, stored_snapshots
from mlw.tracking.git_facts import git_facts


def submit(
    jobs: Jobs,
    file: Path,
    overrides: Sequence[str],
    name: str | None,
    *,
    allow_newer_python: bool = False,
    tell: Callable[[str], None],
) -> JobRecord:
    """Submit the job of a file, and make sure that a runner carries it out.

    Args:
        jobs: The workspace.
        file: The file.
        overrides: Changes of its fields, ``key=value``.
        name: Name of the job; None for that of the file.
        allow_newer_python: Whether environments in the file may get a newer Python than they ask for.
        tell: Called with notices.

    Raises:
        AzureFileError: Azure would refuse the file, or it cannot run here.
        NoSuchComputeError: The workspace has no such compute.
        PipelineError: Steps of a pipeline cannot run here.
        SweepError: A sweep cannot run here.
    """
    # It starts while the file is read, which takes as long.
    jobs.runner = runner_process.ensure(jobs.stack, jobs.runner)
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(load, "job", file, overrides, name)
        # Azure's package checks the file in a process of its own, which takes a second.
        jobs.make_ready()
    document = loaded.result()
    if allow_newer_python:
        document = allowing_newer_python(document)
    return submit_document(jobs, document, tell=tell)


def submit_document(
    jobs: Jobs,
    document: Mapping[str, Any],
    *,
    facts: Callable[[Path], Mapping[str, str]] = git_facts,
    tell: Callable[[str], None],
) -> JobRecord:
    """Submit the job of a document, and make sure that a runner carries it out.

    Args:
        jobs: The workspace.
        document: A file, as :func:`mlw.azure_files.loading.load` gives it.
        facts: Properties that the job gets of a folder.
        tell: Called with notices.

    Raises:
        NoSuchComputeError: The workspace has no such compute.
        PipelineError: Steps of a pipeline cannot run here.
    """
    data = jobs.data
    submission = replace(submission_of(jobs, data, tell, is_pipeline=document["type"] == PIPELINE), git_facts=facts)
    if document["type"] == PIPELINE:
        from mlw.pipelines import workspace_pipelines  # noqa: PLC0415 - only for a pipeline job

        record = workspace_pipelines.record_of(jobs.stack, data, document, submission, Path())
    elif document["type"] == SWEEP:
        from mlw.sweeps import workspace_sweeps  # noqa: PLC0415 - only for a sweep job

        record = workspace_sweeps.record_of(jobs.stack, data, document, submission, Path(), tell=tell)
    else:
        record = submission.record_of(document, Path())
        find_compute(jobs.stack, record.compute)
    for notice in submission.notices:
        tell(notice)
    made = jobs.workspace.records.submit(record)
    jobs.runner = runner_process.ensure(jobs.stack, jobs.runner)
    return made


def submission_of(
    jobs: Jobs, data: DataWorkspace, tell: Callable[[str], None], *, is_pipeline: bool = False
) -> Submission:
    """What files are submitted with, in this workspace."""
    workspace = jobs.workspace
    user = jobs.principal or getpass.getuser()

    def store_code(folder: Path) -> str:
        taken = code_snapshot.take(folder)
        try:
            return stored_snapshots.store(workspace.connection, workspace.blob_container, taken)
        except BlobForbiddenError as exc:
            raise JobError(
                f"storing the code of a job in '{folder}': the role of '{user}' includes no rights to write blobs of "
                "the default datastore. `mlw roles list` shows which roles do."
            ) from exc

    def resolve_input(job: str, name: str, given: Mapping[str, Any]) -> JobInput:
        return job_data.input_of(data, name, given, job=job, is_step=is_pipeline, say=tell)

    def resolve_output(job: str, name: str, given: Mapping[str, Any]) -> JobOutput:
        return job_data.output_of(data, name, given, job=job)

    return Submission(
        user=user,
        store_code=store_code,
        git_facts=git_facts,
        resolve_input=resolve_input,
        resolve_output=resolve_output,
    )
