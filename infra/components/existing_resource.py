"""Resources of other stacks that this stack's workspace is tied to: used, never owned, never destroyed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi

from infra.components.component import ServiceComponent
from infra.settings import ResourceSettings


class SharedResource:
    """Endpoints and credentials of a resource that another stack of the backend has deployed.

    Args:
        settings: The resource; `existing_in` names the stack that owns it.
        component: Class of the component that serves it there.
    """

    endpoints: Mapping[str, pulumi.Output[str]]
    """Addresses by use, as the owning stack gives them."""

    credentials: pulumi.Output[dict[str, str]]
    """Credentials of the owning stack; secret."""

    trust: pulumi.Output[str]
    """Authority (PEM) that the owning stack's certificates are of; empty where it serves plain HTTP."""

    def __init__(self, settings: ResourceSettings, component: type[ServiceComponent]) -> None:
        owner = _reference(settings.existing_in)
        endpoints, secrets = owner.require_output("endpoints"), owner.require_output("credentials")
        self.trust = owner.get_output("certificateAuthority").apply(lambda known: str(known or ""))
        self.credentials_key = component.credentials_key
        self.endpoints = {use: _own(endpoints, use, settings.name) for use in component.uses}
        self.credentials = pulumi.Output.secret(_own(secrets, component.credentials_key, settings.name))


def _own(values: pulumi.Output[Mapping[str, Any]], key: str, name: str) -> pulumi.Output[Any]:
    """What stands under the resource's own key: an additional account has its name in it."""
    return values.apply(lambda known: known.get(f"{key}.{name}", known.get(key)))


@cache
def _reference(stack: str) -> pulumi.StackReference:
    return pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}")
