"""Pipelines of a real workspace: its registered components and computes, the content of its data, its runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.clients.storage.conditional_documents import ConditionalDocuments
from mlw.component_files.component_lookup import component_finder
from mlw.data.data_errors import DataNotFoundError
from mlw.data.data_locations import DataLocation, DataType, digest_of
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.command_jobs import BlobLocation, Runner
from mlw.jobs.job_records import JobRecord
from mlw.jobs.job_store import JobStore
from mlw.jobs.nodes import Nodes
from mlw.jobs.parent_jobs import RunParent
from mlw.jobs.ports import Environments, Tracking
from mlw.jobs.queue_entries import QueueEntry
from mlw.jobs.step_runner import StepRunner
from mlw.jobs.submission import Submission
from mlw.pipelines.pipeline_runner import PipelineRunner
from mlw.pipelines.pipeline_submission import pipeline_record
from mlw.pipelines.reuse_index import ReuseIndex

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack


def record_of(
    stack: Stack, data: DataWorkspace, document: Mapping[str, Any], submission: Submission, folder: Path
) -> JobRecord:
    """Make the record of a pipeline job; see :func:`mlw.pipelines.pipeline_submission.pipeline_record`."""
    from mlw.computes.workspace_computes import find_compute  # noqa: PLC0415 - the runner does not need it

    def check_compute(name: str) -> None:
        find_compute(stack, name)

    return pipeline_record(document, submission, folder, component_finder(data), check_compute=check_compute)


def runner_of(
    store: JobStore,
    *,
    runner: Runner,
    nodes: Nodes,
    tracking: Tracking,
    environments: Environments,
    sweeps: RunParent,
    report: Callable[[str], None],
) -> PipelineRunner:
    """Make what carries out the pipeline jobs of a workspace."""

    def steps_of(entry: QueueEntry) -> Runner:
        return StepRunner(runner=runner, nodes=nodes, parent=entry)

    return PipelineRunner(
        records=store.records,
        logs=store,
        tracking=tracking,
        environments=environments,
        index=ReuseIndex(ConditionalDocuments(store.connection), store.artifacts),
        artifacts=store.artifacts,
        digest=content_digest(store.assets),
        step_runner=steps_of,
        sweeps=sweeps,
        report=report,
    )


def content_digest(data: DataWorkspace) -> Callable[[BlobLocation], str]:
    """Hashes what is at a location; empty for nothing."""

    def digest(place: BlobLocation) -> str:
        location = DataLocation(
            type=DataType.FOLDER if place.is_folder else DataType.FILE,
            container=place.container,
            name=place.name,
            is_folder=place.is_folder,
        )
        try:
            return digest_of(data.files_of(location))
        except DataNotFoundError:
            return ""

    return digest
