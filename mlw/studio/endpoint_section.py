"""Online endpoints of a stack in a panel: records, engine and front with the credentials that the page uses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlw.studio.panel import Load, PanelRequest
from mlw.studio.stack_access import StackAccess

if TYPE_CHECKING:
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

INFERENCE = "inference"
log = logging.getLogger("mlw.studio")


def has_front(access: StackAccess) -> bool:
    """Whether the workspace has a front, and so can have online endpoints."""
    return bool(access.stack.require_outputs()["endpoints"].get(INFERENCE))


def endpoints_of(access: StackAccess) -> EndpointWorkspace:
    """Connect with the credentials that the page uses, when something is read."""
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace  # noqa: PLC0415 - needs clients of services

    return EndpointWorkspace(access.stack, access.principal or None, log.info, (access.endpoints, access.credentials))


def with_endpoints(load: Callable[[PanelRequest, EndpointWorkspace], Mapping[str, Any]]) -> Load:
    """Make a panel's function of one that needs the endpoints; a workspace without a front has none."""

    def loaded(request: PanelRequest) -> Mapping[str, Any]:
        if not has_front(request.access):
            return {"has_front": False}
        return {"has_front": True, **load(request, endpoints_of(request.access))}

    return loaded
