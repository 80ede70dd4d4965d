"""MLflow of a stack in a panel: the connection with the credentials that the page uses, and what is shown without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlw.studio.panel import Load, PanelRequest
from mlw.studio.stack_access import StackAccess
from mlw.tracking import tracking_access
from mlw.tracking.tracking_client import TrackingClient


def tracking_of(access: StackAccess) -> TrackingClient:
    """Connect with the credentials that the page uses.

    Raises:
        NoTrackingRightError: The principal has no login.
    """
    return tracking_access.client_of(
        access.stack.name,
        access.endpoints,
        access.credentials,
        principal=access.principal,
        ca_certificate=access.stack.ca_certificate,
    )


def address_of(access: StackAccess) -> str:
    """Address of MLflow; empty where tracking is off."""
    return access.endpoints.get(tracking_access.TRACKING, "")


def tracked(load: Callable[[PanelRequest, TrackingClient], Mapping[str, Any]]) -> Load:
    """Make a panel's function of one that needs a connection; where tracking is off, the panel says so."""

    def loaded(request: PanelRequest) -> Mapping[str, Any]:
        access = request.access
        address = address_of(access)
        if not address:
            return {"off": tracking_access.how_to_switch_on(access.stack.name), "mlflow": ""}
        return {"off": "", "mlflow": address, **load(request, tracking_of(access))}

    return loaded
