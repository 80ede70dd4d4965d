"""The workspace's storage account and registry with the credentials of a compute, as the runner reaches them."""

from __future__ import annotations

import functools

from infra.clients.service_connection import ServiceConnection
from infra.rules.datastores.default_datastores import BLOB_STORE
from mlw.assets.asset_access import artifact_container_of
from mlw.computes.compute_access import ComputeAccess
from mlw.computes.workspace_computes import Compute
from mlw.data.data_workspace import DataWorkspace
from mlw.jobs.compute_data import ComputeData
from mlw.jobs.job_errors import ComputeRightsError
from mlw.stacks.stacks import Stack
from mlw.tracking import tracking_access


def data_of(stack: Stack, compute: Compute, access: ComputeAccess) -> ComputeData:
    """The storage account.

    Raises:
        ComputeRightsError: The compute has no keys of it.
    """
    connection = _connection(compute, access, "storage", access.on_host["storage"])
    workspace = DataWorkspace(connection, stack.require_outputs()["datastores"], user=compute.principal)
    return ComputeData(
        compute=compute.name,
        principal=compute.principal,
        connection=connection,
        assets=workspace,
        artifacts=artifact_container_of(stack),
        blob_container=workspace.container_of(BLOB_STORE, "running a job"),
        tracking=functools.partial(
            tracking_access.client_of,
            stack.name,
            access.on_host,
            access.credentials,
            principal=compute.principal,
            ca_certificate=access.ca_certificate,
        )
        if tracking_access.TRACKING in access.on_host
        else None,
    )


def registry_of(compute: Compute, access: ComputeAccess) -> ServiceConnection:
    """The registry that accepts the login of the compute.

    Raises:
        ComputeRightsError: The compute has no login.
    """
    return _connection(compute, access, "registry", f"{access.registry_scheme}://{access.on_host['registry']}")


def _connection(compute: Compute, access: ComputeAccess, service: str, endpoint: str) -> ServiceConnection:
    held = access.credentials.get(service)
    if held is None:
        raise ComputeRightsError(
            f"preparing a job of compute '{compute.name}': the role of its principal '{compute.principal}' includes no "
            f"rights in the {service}. `mlw roles list` shows the rights of each role."
        )
    return ServiceConnection(endpoint=endpoint, credentials=held, ca_certificate=access.ca_certificate)
