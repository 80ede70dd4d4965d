"""Finds expired stacks, what would be lost with them, and what blocks their removal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.rules.stack.deployed_resources import users_of
from infra.rules.stack.expiry import format_moment
from infra.rules.stack.locked_changes import describe_locks
from mlw.lifecycle import removal_notes, soft_deleting, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_contents import describe_contents
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import Stack, context_of, open_stacks


class NotExpiredError(MlWorkspaceError):
    """A stack was given more time while the command waited for it."""


@dataclass(frozen=True)
class Expired:
    """An expired stack.

    Attributes:
        stack: The stack; None if an interrupted removal has left almost nothing of it.
        deletion: Its soft deletion, whose retention has passed; None if it is not soft-deleted.
    """

    context: Context
    stack: Stack | None = None
    deletion: SoftDeletion | None = None

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.context.stack

    @property
    def stack_id(self) -> str:
        """Its identity; empty if almost nothing is left of it."""
        return self.stack.stack_id if self.stack else ""

    @property
    def since(self) -> str:
        """When it expired, or when its retention as a soft-deleted stack passed."""
        if self.deletion:
            return format_moment(self.deletion.kept_until)
        return format_moment(self.stack.expiry.moment) if self.stack and self.stack.expiry else ""

    @property
    def is_kept(self) -> bool:
        """Whether its removal is a soft delete."""
        guard = stack_states.soft_deletion_of(self.stack.checkpoint.resources) if self.stack else None
        return guard is not None and self.deletion is None

    @property
    def lost(self) -> str:
        """What happens to its data."""
        contents = describe_contents(self.stack.checkpoint) if self.stack else ""
        if self.is_kept:
            return f"is soft-deleted, and keeps for its days: {contents}"
        return f"loses {contents or 'what an interrupted removal has left'}"

    def obstacle(self) -> str:
        """What blocks its removal; empty if nothing does."""
        if self.stack is None or self.deletion:
            return ""
        if locks := stack_states.locks_of(self.stack.checkpoint.resources):
            return f"locked: {describe_locks(locks)}; remove the lock from its stack file and run `make up`"
        others = stack_states.deployed(except_stack=self.name, except_id=self.stack_id)
        ids = [str(component["inputs"].get("resourceId", "")) for component in self.stack.components]
        users = sorted({user for resource_id in ids for user in users_of(resource_id, others)})
        return f"in use by {', '.join(f'stack {user!r}' for user in users)}" if users else ""

    def require(self, checkpoint: Checkpoint | None, *, now: datetime) -> None:
        """Reject a stack that has changed since it was listed.

        Args:
            checkpoint: The stack's state, now that it is locked.
            now: The time.

        Raises:
            NotExpiredError: It no longer expires now, or it has another identity.
        """
        if self.stack is None:
            same = removal_notes.is_over(checkpoint)
        else:
            expiry = stack_states.expiry_of(checkpoint.resources) if checkpoint else None
            same = bool(checkpoint and stack_states.identity_of(checkpoint.resources) == self.stack_id)
            same = same and bool(expiry and expiry.moment <= now)
        if not same:
            raise NotExpiredError(f"removing stack '{self.name}': it was changed meanwhile and has not expired.")

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "stack": self.name,
            "expiredOn": self.since or None,
            "lost": self.lost,
            "leftBecause": self.obstacle() or None,
        }


def find_expired(now: datetime, on_error: Callable[[str], None]) -> tuple[list[Expired], set[str]]:
    """Find the expired stacks of this backend.

    Args:
        now: The time.
        on_error: Called with a message for each state that cannot be read.

    Returns:
        These stacks, and the identities of all stacks of the backend.
    """
    stacks = list(open_stacks(on_error))
    found = [(stack, soft_deleting.find(stack.context, stack.checkpoint)) for stack in stacks]
    expired = [Expired(stack.context, stack, deletion) for stack, deletion in found if _is_due(stack, deletion, now)]
    names = {entry.name for entry in expired}
    begun = map(context_of, removal_notes.stacks_of(context_of("-").backend_id))
    left = (one for one in begun if one.stack not in names and removal_notes.is_over(state_files.read(one)))
    return [*expired, *map(Expired, left)], {stack.stack_id for stack in stacks}


def _is_due(stack: Stack, deletion: SoftDeletion | None, now: datetime) -> bool:
    if deletion:
        return deletion.kept_until <= now or removal_notes.purge_has_begun(stack.context, stack.checkpoint)
    return bool(stack.expiry and stack.expiry.moment <= now)
