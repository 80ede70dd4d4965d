"""Sweeps of a real workspace: its registered components, its tracking server, its runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.host.package_folders import SEARCH
from mlw.component_files.component_lookup import component_finder
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.command_jobs import Runner
from mlw.jobs.job_access import JobAccess
from mlw.jobs.job_records import JobRecord
from mlw.jobs.job_store import JobStore
from mlw.jobs.job_tracking import JobTracking
from mlw.jobs.nodes import Nodes
from mlw.jobs.queue_entries import QueueEntry
from mlw.jobs.step_runner import StepRunner
from mlw.jobs.submission import Submission
from mlw.sweeps import sampling
from mlw.sweeps.sweep_errors import SweepError
from mlw.sweeps.sweep_jobs import SweepJob
from mlw.sweeps.sweep_runner import SweepRunner
from mlw.sweeps.sweep_submission import sweep_record
from mlw.sweeps.trial_metrics import MlflowMetrics
from mlw.tracking import tracking_access

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack


def record_of(
    stack: Stack,
    data: DataWorkspace,
    document: Mapping[str, Any],
    submission: Submission,
    folder: Path,
    *,
    tell: Callable[[str], None],
) -> JobRecord:
    """Make the record of a sweep job; see :func:`mlw.sweeps.sweep_submission.sweep_record`."""
    from mlw.computes.workspace_computes import find_compute  # noqa: PLC0415 - the runner does not need it

    prepare(stack, document, tell)
    record = sweep_record(document, submission, folder, component_finder(data))
    find_compute(stack, SweepJob.of(record.command).trial.compute)
    return record


def prepare(stack: Stack, document: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Make sure that the workspace can carry out a sweep.

    Raises:
        SweepError: It cannot.
        HostError: What it needs cannot be installed.
    """
    if tracking_access.TRACKING not in stack.require_outputs()["endpoints"]:
        raise SweepError(
            "creating a sweep job: the workspace has no tracking server, where trials log the primary metric. Add "
            "`ml-workspace:tracking: {}` to the stack file, and run `make up`."
        )
    if sampling.read_algorithm(document.get("sampling_algorithm"))[0] in {sampling.SOBOL, sampling.BAYESIAN}:
        SEARCH.ensure(tell)


def runner_of(
    store: JobStore,
    *,
    runner: Runner,
    nodes: Nodes,
    access: JobAccess,
    tracking: JobTracking,
    report: Callable[[str], None],
) -> SweepRunner:
    """Make what carries out the sweep jobs of a workspace."""

    def trials_of(entry: QueueEntry) -> Runner:
        return StepRunner(runner=runner, nodes=nodes, parent=entry)

    return SweepRunner(
        records=store.records,
        store=store,
        tracking=tracking,
        metrics=MlflowMetrics(tracking.client),
        trial_runner=trials_of,
        data_of=access.data_of,
        nodes_of=access.nodes_of,
        report=report,
    )
