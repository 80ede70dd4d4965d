"""Puts the runner of a stack together: the ports with the real engine and services behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.clients.service_connection import ServiceConnection
from mlw.assets.asset_store import AssetStore
from mlw.cost.usage_outside_states import JobUsage
from mlw.data.data_workspace import DataWorkspace
from mlw.environments.image_of import EnvironmentAccess, registry_of
from mlw.jobs import reading_ahead
from mlw.jobs.attached_job_engines import AttachedJobEngines
from mlw.jobs.command_jobs import Finished, Stop
from mlw.jobs.command_runner import CommandRunner
from mlw.jobs.dispatcher import Dispatcher
from mlw.jobs.job_access import JobAccess
from mlw.jobs.job_engine import JobEngine
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_images import JobImages
from mlw.jobs.job_records import PIPELINE, SWEEP, JobRecord
from mlw.jobs.job_store import JobStore
from mlw.jobs.job_tracking import JobTracking, NoTracking
from mlw.jobs.job_workspace import JobWorkspace
from mlw.jobs.nodes import Nodes
from mlw.jobs.ports import Tracking
from mlw.jobs.queue_entries import QueueEntry
from mlw.pipelines import workspace_pipelines
from mlw.stacks.stacks import Stack, open_stack
from mlw.tracking import tracking_access


def make(name: str, report: Callable[[str], None]) -> tuple[JobWorkspace, Dispatcher]:
    """Make the runner of a stack.

    Args:
        name: Name of the stack.
        report: Called with messages for the runner's own log.
    """
    stack = open_stack(name)
    credentials, access = stack.credentials(), JobAccess(name)
    workspace = JobWorkspace(stack, _storage(stack, credentials))
    reading_ahead.begin(workspace.records, access.names, access.read)
    engine = JobEngine(
        stack_id=stack.stack_id,
        workspace=str(stack.workspace["name"]),
        labels=workspace.labels,
    )
    attached = AttachedJobEngines(engine, access.attached, report)
    store = JobStore(
        connection=workspace.connection,
        records=workspace.records,
        assets=DataWorkspace(workspace.connection, stack.require_outputs()["datastores"], user="mlw job"),
        artifacts=workspace.artifacts,
    )
    tracking, nodes = _tracking(stack, credentials), Nodes(access.nodes_of)
    environments = JobImages(
        access=_environments(workspace, credentials), login_of=access.registry_of, connect_of=attached.connect_of
    )
    runner = CommandRunner(
        store=store,
        engine=engine,
        tracking=tracking,
        environments=environments,
        access=access,
        blob_container=workspace.blob_container,
        attached=attached.engine_of,
        report=report,
        note_usage=JobUsage(stack.name, stack.stack_id, str(stack.workspace["id"])).note,
    )

    def run_sweep(record: JobRecord, entry: QueueEntry, stop: Stop) -> Finished:
        from mlw.sweeps import workspace_sweeps  # noqa: PLC0415 - only when there is a sweep job

        if not isinstance(tracking, JobTracking):
            raise JobError(f"running sweep '{record.name}': the workspace has no tracking server any more.")
        sweeps = workspace_sweeps.runner_of(
            store, runner=runner, nodes=nodes, access=access, tracking=tracking, report=report
        )
        return sweeps.run(record, entry, stop)

    pipelines = workspace_pipelines.runner_of(
        store, runner=runner, nodes=nodes, tracking=tracking, environments=environments, sweeps=run_sweep, report=report
    )
    dispatcher = Dispatcher(
        records=workspace.records,
        engine=engine,
        runner=runner,
        nodes=nodes,
        parents={PIPELINE: pipelines.run, SWEEP: run_sweep},
        yields=access.yields,
        attached=attached.noted,
        at_end=attached.close,
        report=report,
    )
    return workspace, dispatcher


def _storage(stack: Stack, credentials: Mapping[str, Any]) -> ServiceConnection:
    endpoint = str(stack.require_outputs()["endpoints"]["storage"])
    return ServiceConnection(endpoint=endpoint, credentials=credentials["storage"], ca_certificate=stack.ca_certificate)


def _environments(workspace: JobWorkspace, credentials: Mapping[str, Any]) -> EnvironmentAccess:
    stack = workspace.stack
    host = str(stack.require_outputs()["endpoints"]["registry"])
    registry = registry_of(stack, host, credentials["registry"])
    return EnvironmentAccess(registry=registry, assets=AssetStore(workspace.connection, workspace.artifacts))


def _tracking(stack: Stack, credentials: Mapping[str, Any]) -> Tracking:
    endpoints = stack.require_outputs()["endpoints"]
    if tracking_access.TRACKING not in endpoints:
        return NoTracking()
    client = tracking_access.client_of(stack.name, endpoints, credentials, ca_certificate=stack.ca_certificate)
    return JobTracking(client=client)
