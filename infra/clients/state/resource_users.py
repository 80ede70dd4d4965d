"""Other stacks that use a stack's resources and so prevent its deletion."""

from __future__ import annotations

from collections.abc import Sequence

from infra.clients.state import stack_states
from infra.errors import SharedResourceError
from infra.rules.stack.deployed_resources import users_of


def refuse_if_used(resource_ids: Sequence[str], *, stack_id: str, stack: str) -> None:
    """Raise an error if another stack's workspace uses one of the resources.

    Raises:
        SharedResourceError: Names every such resource with its users.
    """
    others = stack_states.deployed(except_id=stack_id)
    used = {resource_id: users for resource_id in resource_ids if (users := users_of(resource_id, others))}
    if used:
        listed = "; ".join(
            f"'{resource_id.rpartition('/')[2]}' by {', '.join(f'stack {user!r}' for user in users)}"
            for resource_id, users in used.items()
        )
        raise SharedResourceError(
            f"deleting stack '{stack}': other workspaces use its resources: {listed}. Nothing was deleted. "
            "Delete those stacks first, or give them their own resources."
        )
