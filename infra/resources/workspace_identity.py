"""The identity of a workspace: a GUID and a creation time, both generated once.

Separate from the record, because containers are named after the GUID and must exist before the record.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pulumi
from typing_extensions import override

from infra.resources.data_bearing import DataBearingProvider
from infra.resources.resource import CreateResult, Props, Resource


class WorkspaceIdentityProvider(DataBearingProvider):
    """Verbs of :class:`WorkspaceIdentity`."""

    inputs = ()
    holds = "the GUID that its containers are named after"

    @override
    def create(self, props: Props) -> CreateResult:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return CreateResult(str(uuid.uuid4()), {**props, "workspace_id": str(uuid.uuid4()), "creation_time": now})


class WorkspaceIdentity(Resource, module="machinelearningservices", provider=WorkspaceIdentityProvider):
    """GUID and creation time of a workspace; unchanged by updates."""

    workspace_id: pulumi.Output[str]
    """GUID."""

    creation_time: pulumi.Output[str]
    """RFC 3339, UTC, milliseconds."""

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, {"stack_id": stack_id, "resource_name": resource_name}, opts)
