"""Existing resources: those of other stacks that this stack's workspace uses; never owned, never destroyed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi

from infra.components.component import ServiceComponent
from infra.components.provisioning_context import ProvisioningContext, TelemetryTarget
from infra.resources.connection_args import ServiceConnectionArgs
from infra.settings import ResourceSettings


class ExistingResource:
    """A resource that another stack of the backend has deployed.

    Args:
        settings: The resource; `existing_in` names the stack that owns it.
        component: Class of the component that serves it there.
    """

    owned: tuple[ServiceComponent, ...] = ()
    """What this stack itself runs of the resource: nothing."""

    def __init__(self, settings: ResourceSettings, component: type[ServiceComponent]) -> None:
        self._settings, self._service = settings, component.service
        self.credentials_key = self._service.credentials_key

    def provision(self, _context: ProvisioningContext) -> ServiceConnectionArgs:
        """Connect to it; there is nothing to make."""
        owner, name = _reference(self._settings.existing_in), self._settings.name
        endpoints, secrets = owner.require_output("endpoints"), owner.require_output("credentials")
        return ServiceConnectionArgs(
            endpoints={endpoint.use: _own(endpoints, endpoint.use, name) for endpoint in self._service.endpoints},
            credentials=pulumi.Output.secret(_own(secrets, self.credentials_key, name)),
            ca_certificate=owner.get_output("certificateAuthority").apply(lambda known: str(known or "")),
        )

    def telemetry_target(self, **_arguments: object) -> TelemetryTarget | None:
        """None: a stack's services send their telemetry to an application insights of the stack's own only."""
        return None

    def data_options(self, *, guest: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of what this stack makes in it: those of a guest, who removes what is his."""
        return guest


def _own(values: pulumi.Output[Mapping[str, Any]], key: str, name: str) -> pulumi.Output[Any]:
    """What stands under the resource's own key: an additional account has its name in it."""
    return values.apply(lambda known: known.get(f"{key}.{name}", known.get(key)))


@cache
def _reference(stack: str) -> pulumi.StackReference:
    return pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}")
