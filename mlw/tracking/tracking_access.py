"""Connects to the tracking server of a stack, as the stack or as one of its principals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.clients.service_connection import ServiceConnection
from infra.errors import MlWorkspaceError
from mlw.tracking.tracking_client import TrackingClient

if TYPE_CHECKING:
    from mlw.stacks.stacks import Stack

TRACKING = "tracking"
"""Key in the stack's outputs `endpoints` and `credentials`."""


class TrackingOffError(MlWorkspaceError):
    """The workspace has no tracking server."""


class NoTrackingRightError(MlWorkspaceError):
    """The role of a principal includes nothing of the tracking server."""


def connect(stack: Stack, principal: str | None = None) -> TrackingClient:
    """Connect with the login of a stack, or of a principal.

    Raises:
        NotUpError: The stack was never deployed.
        TrackingOffError: It has no tracking server.
        NoSuchPrincipalError: The stack has no such principal.
        NoTrackingRightError: The principal has no login there.
    """
    endpoints = stack.require_outputs()["endpoints"]
    require_endpoint(stack.name, endpoints)
    credentials = stack.credentials() if principal is None else _credentials_of(stack, principal)
    return client_of(stack.name, endpoints, credentials, principal=principal or "", ca_certificate=stack.ca_certificate)


def client_of(
    stack: str,
    endpoints: Mapping[str, str],
    credentials: Mapping[str, Mapping[str, str]],
    *,
    principal: str = "",
    ca_certificate: str = "",
) -> TrackingClient:
    """Make a client of endpoints and credentials as the stack's outputs have them.

    Raises:
        TrackingOffError: There is no endpoint.
        NoTrackingRightError: There is no login.
    """
    endpoint = require_endpoint(stack, endpoints)
    held = credentials.get(TRACKING)
    if not held:
        raise NoTrackingRightError(
            f"using MLflow of stack '{stack}' as principal '{principal}': its role includes nothing there, e.g. not "
            "Microsoft.MachineLearningServices/workspaces/runs/read. `mlw roles list` shows which roles do."
        )
    return TrackingClient(ServiceConnection(endpoint=endpoint, credentials=held, ca_certificate=ca_certificate))


def require_endpoint(stack: str, endpoints: Mapping[str, str]) -> str:
    """Return the address.

    Raises:
        TrackingOffError: There is none; the message says how to switch it on.
    """
    endpoint = endpoints.get(TRACKING)
    if not endpoint:
        raise TrackingOffError(f"using MLflow of stack '{stack}': {how_to_switch_on(stack)}")
    return str(endpoint)


def how_to_switch_on(stack: str) -> str:
    """Say what to do in a workspace without a tracking server."""
    return (
        "tracking of experiments, runs and models is off. Add `ml-workspace:tracking: {}` below `config` in "
        f"stacks/Pulumi.{stack}.yaml and run `make up STACK={stack}`."
    )


def _credentials_of(stack: Stack, principal: str) -> dict[str, dict[str, str]]:
    from mlw.keys.principal_credentials import by_service, credentials_of  # noqa: PLC0415 - only for a principal

    return by_service(credentials_of(stack, principal))
