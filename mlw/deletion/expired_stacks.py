"""Which stacks have expired, what would be lost with them, and what keeps one from being removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.rules.resources.component_types import COMPONENT_TYPES, RESOURCE_GROUP, WORKSPACE
from infra.rules.stack.deployed_resources import users_of
from infra.rules.stack.expiry import format_moment
from infra.rules.stack.locked_changes import describe_locks
from mlw.deletion import removal_notes
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import Stack, open_stacks


class NotExpiredError(MlWorkspaceError):
    """A stack has been given more time while the command waited for it."""


@dataclass(frozen=True)
class Expired:
    """One stack whose time is over.

    Attributes:
        stack: The stack; None for one of which an interrupted removal has left next to nothing.
    """

    context: Context
    stack: Stack | None = None

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.context.stack

    @property
    def stack_id(self) -> str:
        """Its identity; empty for one that is next to nothing."""
        return self.stack.stack_id if self.stack else ""

    @property
    def since(self) -> str:
        """When it expired."""
        return format_moment(self.stack.expiry.moment) if self.stack and self.stack.expiry else ""

    @property
    def lost(self) -> str:
        """What is lost with it."""
        if self.stack is None:
            return "what an interrupted removal has left"
        owned = [
            component for component in self.stack.components if component["type"] not in (RESOURCE_GROUP, WORKSPACE)
        ]
        named = [f"{COMPONENT_TYPES[one['type']].kind} '{one['inputs']['name']}'" for one in owned]
        count = Counter(item.kind for item in self.stack.checkpoint.docker_objects())["volume"]
        return f"{', '.join([*named, 'the workspace record'])} ({count} volume{'s' * (count != 1)})"

    def obstacle(self) -> str:
        """What keeps it from being removed; empty for nothing."""
        if self.stack is None:
            return ""
        if locks := stack_states.locks_of(self.stack.checkpoint.resources):
            return f"locked: {describe_locks(locks)}; remove the lock from its stack file and run `make up`"
        others = stack_states.deployed(except_stack=self.name, except_id=self.stack_id)
        ids = [str(component["inputs"].get("resourceId", "")) for component in self.stack.components]
        users = sorted({user for resource_id in ids for user in users_of(resource_id, others)})
        return f"in use by {', '.join(f'stack {user!r}' for user in users)}" if users else ""

    def require(self, checkpoint: Checkpoint | None, *, now: datetime) -> None:
        """Refuse to remove what has changed since it was listed.

        Args:
            checkpoint: The stack's state, now that nobody else works on it.
            now: The time.

        Raises:
            NotExpiredError: It has more time, or another identity.
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


def find_expired(now: datetime, on_error: Callable[[str], None]) -> Iterator[Expired]:
    """Find the stacks of this backend whose time is over.

    Args:
        now: The time.
        on_error: Told of a state that cannot be read.
    """
    expired = [stack for stack in open_stacks(on_error) if stack.expiry and stack.expiry.moment <= now]
    yield from (Expired(stack.context, stack) for stack in expired)
    names = {stack.name for stack in expired}
    yield from (Expired(context) for context in removal_notes.unfinished() if context.stack not in names)
