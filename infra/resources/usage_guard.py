"""A guard against deleting what another workspace uses.

It depends on everything in the stack, so `pulumi destroy` deletes it first: its refusal comes while all is still there.
"""

from __future__ import annotations

import pulumi
from typing_extensions import override

from infra.clients.state import stack_states
from infra.errors import SharedResourceError
from infra.resources.resource import CreateResult, Props, Provider, Resource
from infra.rules.stack.deployed_resources import users_of


class UsageGuardProvider(Provider):
    """Verbs of :class:`UsageGuard`."""

    inputs = ("stack", "project", "resource_ids")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["stack"], props)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        refuse_if_used(_props["resource_ids"], stack=_props["stack"], project=_props["project"])


def refuse_if_used(resource_ids: list[str], *, stack: str, project: str) -> None:
    """Refuse when a workspace of another stack is tied to one of the resources.

    Raises:
        SharedResourceError: Names every such resource with its users.
    """
    others = stack_states.deployed(project=project, except_stack=stack)
    used = {resource_id: users for resource_id in resource_ids if (users := users_of(resource_id, others))}
    if used:
        listed = "; ".join(
            f"'{resource_id.rpartition('/')[2]}' by {', '.join(f'stack {user!r}' for user in users)}"
            for resource_id, users in used.items()
        )
        raise SharedResourceError(
            f"deleting stack '{stack}': other workspaces use its resources: {listed}. Nothing was deleted. "
            "Delete those stacks first, or give them resources of their own."
        )


class UsageGuard(Resource, module="guards", provider=UsageGuardProvider):
    """Refuses the deletion of the stack while another stack's workspace uses one of its resources.

    Args:
        name: Logical name.
        resource_ids: Resources of this stack that others may be tied to.
        opts: Resource options; ``depends_on`` has to name what must be deleted after it.
    """

    def __init__(self, name: str, *, resource_ids: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        inputs: Props = {
            "stack": pulumi.get_stack(),
            "project": pulumi.get_project(),
            "resource_ids": resource_ids,
        }
        super().__init__(name, inputs, opts)
