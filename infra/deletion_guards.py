"""A stack's expiry, and the guards that a deletion must pass.

The expiry is created first, so that a destroy deletes it last. The guards are created last and depend on everything, so
that a destroy deletes them first.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.components.component import ServiceComponent
from infra.components.resource_group import ResourceGroup
from infra.resources.management_lock import ManagementLock
from infra.resources.soft_deletion import SoftDeletion
from infra.resources.stack_expiry import StackExpiry
from infra.resources.stack_identity import StackIdentity
from infra.resources.usage_guard import UsageGuard
from infra.settings import Settings


def keep_expiry(wanted: Settings, group: ResourceGroup, *, after: pulumi.Resource) -> pulumi.Resource:
    """Store when the stack expires.

    Returns:
        The resource that the rest of the stack depends on.
    """
    if not (wanted.expires_after or wanted.expires_on):
        return after
    return StackExpiry(
        f"{group.resource_name}-expiry",
        expires_after=wanted.expires_after,
        expires_on=wanted.expires_on,
        opts=group.child_options(after=after),
    )


def guard_deletion(
    wanted: Settings,
    group: ResourceGroup,
    services: Sequence[ServiceComponent],
    identity: StackIdentity,
    *,
    after: Sequence[pulumi.Resource],
) -> None:
    """Prevent deletion while others use the resources or a lock forbids it, and without soft deletion if it is set."""
    usage_guard = UsageGuard(
        f"{group.resource_name}-usage",
        stack_id=identity.stack_id,
        resource_ids=[service.resource_id for service in services],
        opts=pulumi.ResourceOptions(parent=group, depends_on=after),
    )
    for lock in wanted.locks:
        ManagementLock(
            f"{group.resource_name}-lock-{lock.name.lower()}",
            scope=group.resource_id,
            lock=lock.model_dump(by_alias=True),
            opts=group.child_options(after=usage_guard),
        )
    if wanted.workspace.soft_delete_retention_in_days:
        SoftDeletion(
            f"{group.resource_name}-soft-deletion",
            stack_id=identity.stack_id,
            workspace_id=wanted.workspace.id,
            retention_days=wanted.workspace.soft_delete_retention_in_days,
            opts=group.child_options(after=usage_guard),
        )
