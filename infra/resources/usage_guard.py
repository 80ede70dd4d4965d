"""A guard against deleting resources that another workspace uses.

It depends on everything in the stack, so `pulumi destroy` deletes it first, and it fails before anything is deleted.
"""

from __future__ import annotations

import pulumi
from typing_extensions import override

from infra.clients.engine import attached_engine, job_leftovers
from infra.clients.state import removal
from infra.clients.state.resource_users import refuse_if_used
from infra.resources.resource import CreateResult, Props, Provider, Resource


class UsageGuardProvider(Provider):
    """Verbs of :class:`UsageGuard`."""

    inputs = ("stack_id", "resource_ids")

    @override
    def create(self, props: Props) -> CreateResult:
        removal.withdraw(props["stack_id"])
        return CreateResult(props["stack_id"], props)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        refuse_if_used(_props["resource_ids"], stack_id=_props["stack_id"], stack=_props["stack"])
        removal.announce(_props["stack_id"])
        # First of all: containers of jobs use the network and the services.
        job_leftovers.remove_objects(_props["stack_id"])
        # An engine that does not respond does not keep the stack alive; `make down` tells what was not looked for.
        attached_engine.remove_from_all(_props["stack_id"])


class UsageGuard(Resource, module="guards", provider=UsageGuardProvider):
    """Prevents the deletion of the stack while another stack's workspace uses one of its resources.

    Args:
        name: Logical name.
        stack_id: Identity of the stack.
        resource_ids: Resources of this stack that others may use.
        opts: Resource options; ``depends_on`` must name what is deleted after it.
    """

    def __init__(
        self,
        name: str,
        *,
        stack_id: pulumi.Input[str],
        resource_ids: list[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "stack_id": stack_id,
            "resource_ids": resource_ids,
        }
        super().__init__(name, inputs, opts)
