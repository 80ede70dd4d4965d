"""Management locks of the resource group, each a separate resource that is created last and depends on everything.

So a destroy, even a targeted one, deletes the lock first, and the lock blocks it before anything is deleted. An update
removes a lock that is no longer in the stack file; a destroy never does.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from typing_extensions import override

from infra.clients.state import removal
from infra.errors import ScopeLockedError
from infra.resources.resource import CreateResult, Props, Provider, Resource
from infra.rules.stack.locked_changes import refusal


class ManagementLockProvider(Provider):
    """Verbs of :class:`ManagementLock`."""

    inputs = ("level", "notes", "scope")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(f"{props['scope']}/providers/Microsoft.Authorization/locks/{props['name']}", props)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        if not removal.may_go(removal.lock_guard(_props["name"])):
            raise ScopeLockedError(refusal(f"deleting stack '{_props['stack']}'", _props["stack"], [_props]))


class ManagementLock(Resource, module="authorization", provider=ManagementLockProvider):
    """One management lock.

    Args:
        name: Logical name.
        scope: Id of the resource group.
        lock: The lock's `name`, `level` and `notes`.
        opts: Resource options; ``depends_on`` must name resources that, directly or not, depend on all others.
    """

    def __init__(
        self, name: str, *, scope: str, lock: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, {"stack": pulumi.get_stack(), "scope": scope, **lock}, opts)
