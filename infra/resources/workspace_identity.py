"""What makes a workspace itself: a GUID and a moment of creation, both made once.

Apart from the record, because containers are named after the GUID and have to exist before the record does.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pulumi
from typing_extensions import override

from infra.resources.resource import CreateResult, Props, Provider, Resource


class WorkspaceIdentityProvider(Provider):
    """Verbs of :class:`WorkspaceIdentity`."""

    inputs = ()

    @override
    def create(self, props: Props) -> CreateResult:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return CreateResult(str(uuid.uuid4()), {**props, "workspace_id": str(uuid.uuid4()), "creation_time": now})


class WorkspaceIdentity(Resource, module="machinelearningservices", provider=WorkspaceIdentityProvider):
    """GUID and creation time of a workspace; survive every update."""

    workspace_id: pulumi.Output[str]
    """GUID."""

    creation_time: pulumi.Output[str]
    """RFC 3339, UTC, milliseconds."""

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, {}, opts)
