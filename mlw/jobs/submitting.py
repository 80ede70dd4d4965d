"""Submits jobs with the rights of the caller: the file is read, what it names is stored, the record is written."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlw.computes.workspace_computes import find_compute
from mlw.jobs import runner_process
from mlw.jobs.command_jobs import JobInput, JobOutput
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_options import Jobs
from mlw.jobs.job_records import JobRecord
from mlw.jobs.submission import Submission
from mlw.tracking import code_snapshot, stored_snapshots
from mlw.tracking.git_facts import git_facts


def submit(
    jobs: Jobs, file: Path, overrides: Sequence[str], name: str | None, *, tell: Callable[[str], None]
) -> JobRecord:
    """Submit the job of a file, and make sure that a runner carries it out.

    Args:
        jobs: The workspace.
        file: The file.
        overrides: Changes of its fields, ``key=value``.
        name: Name of the job; None for that of the file.
        tell: Called with notices.
    """
    # It starts while the file is read, which takes as long.
    jobs.runner = runner_process.ensure(jobs.workspace, jobs.runner)
    document = _load(file, overrides, name)
    submission = submission_of(jobs)
    record = submission.record_of(document, Path())
    find_compute(jobs.stack, record.compute)
    for notice in submission.notices:
        tell(notice)
    made = jobs.workspace.records.submit(record)
    jobs.runner = runner_process.ensure(jobs.workspace, jobs.runner)
    return made


def submission_of(jobs: Jobs) -> Submission:
    """What files are submitted with, in this workspace."""
    workspace = jobs.workspace

    def store_code(folder: Path) -> str:
        taken = code_snapshot.take(folder)
        return stored_snapshots.store(workspace.connection, workspace.blob_container, taken)

    return Submission(
        user=jobs.principal or getpass.getuser(),
        store_code=store_code,
        git_facts=git_facts,
        resolve_input=_resolve_input,
        resolve_output=_resolve_output,
    )


def _load(file: Path, overrides: Sequence[str], name: str | None) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - until the loader of Azure's files

    document = dict(yaml.safe_load(file.read_text(encoding="utf-8")))
    document.pop("$schema", None)
    document.setdefault("type", "command")
    for one in overrides:
        key, _, value = one.partition("=")
        target = document
        *parents, last = key.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = yaml.safe_load(value)
    if name:
        document["name"] = name
    if document.get("code"):
        document["code"] = str((file.parent / document["code"]).resolve())
    return document


def _resolve_input(name: str, given: Mapping[str, Any]) -> JobInput:
    raise JobError(f"submitting a job: input '{name}': data at '{given.get('path')}' is not supported yet.")


def _resolve_output(name: str, given: Mapping[str, Any]) -> JobOutput:
    if given.get("path") or given.get("name"):
        raise JobError(f"submitting a job: output '{name}': a path or a name is not supported yet.")
    return JobOutput(type=str(given.get("type") or "uri_folder"))
