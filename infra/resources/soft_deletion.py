"""Soft deletion of a workspace, as a guard that a destroy deletes first.

`make down` keeps volumes and state, but any other destroy would remove them. So every destroy except that of
`mlw deleted purge` fails.
"""

from __future__ import annotations

import pulumi
from typing_extensions import override

from infra.clients.state import removal
from infra.errors import DataRemovalError
from infra.resources.resource import CreateResult, Props, Provider, Resource


class SoftDeletionProvider(Provider):
    """Verbs of :class:`SoftDeletion`."""

    inputs = ("retention_days", "stack_id", "workspace_id")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack_id"], props)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        if removal.may_be_purged(_props["stack_id"]) or removal.may_go(removal.SOFT_DELETION):
            return
        stack, days = _props["stack"], int(_props["retention_days"])
        raise DataRemovalError(
            f"destroying stack '{stack}': its workspace is kept for {days} days after its deletion "
            "('ml-workspace:workspace.softDeleteRetentionInDays'), but a destroy would remove its data immediately. "
            f"Nothing was removed. Run `make down STACK={stack}`, which keeps it; `mlw deleted purge {stack} --yes` "
            "then removes it permanently."
        )


class SoftDeletion(Resource, module="guards", provider=SoftDeletionProvider):
    """Prevents a stack from being destroyed without soft deletion.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
        workspace_id: Full id of the workspace.
        retention_days: Days that the workspace is kept after its deletion.
        opts: Resource options; ``depends_on`` must name resources that, directly or not, depend on all others.
    """

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        workspace_id: str,
        retention_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "stack_id": stack_id,
            "workspace_id": workspace_id,
            "retention_days": retention_days,
        }
        super().__init__(name, inputs, opts)
