"""Volumes of a service, deleted only with their stack.

Pulumi itself never deletes a volume (`retain_on_delete`). This resource is created before the volumes and deleted after
them, and then removes them from the engine, if that is allowed (`removal`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from typing_extensions import override

from infra.clients.engine import docker_engine
from infra.resources.data_bearing import DataBearingProvider
from infra.resources.resource import CreateResult, Props, Resource


class VolumeGuardProvider(DataBearingProvider):
    """Verbs of :class:`VolumeGuard`."""

    inputs = ("volumes",)
    holds = "the data on its volumes"

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["resource_name"], props)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        super().delete(_id, _props)
        docker_engine.remove_volumes(_props["volumes"], _props["stack_id"])


class VolumeGuard(Resource, module="guards", provider=VolumeGuardProvider):
    """Keeps the volumes of one service, and removes them when its stack is deleted.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
        resource_name: Name of the Azure resource whose data they hold.
        volumes: Names of the volumes.
        opts: Resource options; the volumes must depend on the guard.
    """

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        resource_name: str,
        volumes: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, {"stack_id": stack_id, "resource_name": resource_name, "volumes": list(volumes)}, opts)
