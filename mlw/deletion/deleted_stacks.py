"""Lists, recovers and purges soft-deleted stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import known_stacks, removal, stack_states
from infra.errors import MlWorkspaceError
from infra.host import atomic_files
from infra.rules.stack.expiry import format_moment
from mlw.lifecycle import down, move_notes, removal_notes, soft_deleting, stack_commands, stack_locks, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import show as say
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.removal_proof import Remains
from mlw.lifecycle.stack_contents import describe_contents
from mlw.lifecycle.stack_context import Context
from mlw.stacks.stacks import open_stacks


class NotDeletedError(MlWorkspaceError):
    """The stack is not soft-deleted."""


class PurgeProtectedError(MlWorkspaceError):
    """The stack's key vault has purge protection, and the retention has not passed."""


@dataclass(frozen=True)
class Deleted:
    """A soft-deleted stack of this backend."""

    context: Context
    checkpoint: Checkpoint
    deletion: SoftDeletion

    @property
    def contents(self) -> str:
        """What is kept, and would be lost in a purge."""
        return describe_contents(self.checkpoint) or "what an interrupted purge has left"

    @property
    def protected_until(self) -> datetime | None:
        """Until when it cannot be purged; None for one without purge protection."""
        protected = soft_deleting.is_protected(self.checkpoint) and not self.purge_has_begun
        return self.deletion.kept_until if protected else None

    @property
    def purge_has_begun(self) -> bool:
        """Whether a purge has begun, and has to be finished."""
        return removal_notes.purge_has_begun(self.context, self.checkpoint)


def list_deleted(on_error: Callable[[str], None]) -> tuple[list[Deleted], list[SoftDeletion]]:
    """Find the soft-deleted stacks of the engine: those of this backend, and all others."""
    found = {deletion.stack_id: deletion for deletion in soft_deletions.list_all()}
    ours = list(_of_this_backend(found, on_error)) if found else []
    known = {entry.deletion.stack_id for entry in ours}
    return ours, [deletion for stack_id, deletion in found.items() if stack_id not in known]


def _of_this_backend(found: dict[str, SoftDeletion], on_error: Callable[[str], None]) -> Iterator[Deleted]:
    for stack in open_stacks(on_error):
        stack_id = stack.stack_id or removal_notes.purged_identity(stack.context, stack.checkpoint)
        if stack_id in found:
            yield Deleted(stack.context, stack.checkpoint, found[stack_id])


def open_deleted(context: Context, doing: str) -> Deleted:
    """Read one soft-deleted stack.

    Raises:
        NotDeletedError: It is not soft-deleted.
    """
    checkpoint = state_files.read(context)
    deletion = soft_deleting.find(context, checkpoint)
    if deletion is None or checkpoint is None:
        raise NotDeletedError(
            f"{doing} stack '{context.stack}': it is not soft-deleted. `mlw deleted list` shows soft-deleted stacks."
        )
    return Deleted(context, checkpoint, deletion)


def recover(context: Context) -> None:
    """Recover a soft-deleted stack: remove the mark, and run an update, which recreates containers and network.

    Raises:
        NotDeletedError: It is not soft-deleted, or a purge has begun.
        WrongPassphraseError: The passphrase does not decrypt its state; nothing was changed.
    """
    doing = "recovering"
    context.prepare_folders()
    with stack_locks.exclusive(context, "mlw deleted recover", say=say):
        move_notes.refuse(context)
        checkpoint = state_files.read(context)
        if not _was_interrupted(checkpoint):
            found = open_deleted(context, doing)
            if found.purge_has_begun:
                raise NotDeletedError(
                    f"{doing} stack '{context.stack}': its purge has begun, so it cannot be recovered. Finish the "
                    f"purge with `mlw deleted purge {context.stack} --yes`."
                )
            Recovery(context=context).require_passphrase(found.checkpoint)
            removal_notes.end(context)
            _restore_stack_file(context)
            soft_deletions.unmark(found.deletion.stack_id)
    stack_commands.up(context)


def _was_interrupted(checkpoint: Checkpoint | None) -> bool:
    """Whether an earlier recovery reached the update."""
    guard = stack_states.soft_deletion_of(checkpoint.resources) if checkpoint else None
    stack_id = str(guard["stack_id"]) if guard else ""
    return bool(guard and known_stacks.kept_until(stack_id) and soft_deletions.find(stack_id) is None)


def _restore_stack_file(context: Context) -> None:
    kept = context.safe_copies / context.stack_file.name
    if kept.is_file() and not context.stack_file.exists():
        atomic_files.write(context.stack_file, kept.read_bytes())
        say(f"Restored the missing stack file '{context.stack_file}'.")


def purge(context: Context, *, early: bool = True, now: datetime | None = None) -> None:
    """Remove a soft-deleted stack permanently, and print the proof; finishes an interrupted purge.

    Args:
        context: The stack.
        early: Whether to purge before the retention has passed.
        now: The current time; default: the clock.

    Raises:
        NotDeletedError: It is not soft-deleted, or its retention has not passed.
        PurgeProtectedError: Its key vault is protected, and its retention has not passed.
        LeftoversError: Something could not be removed.
    """
    context.prepare_folders()
    with stack_locks.exclusive(context, "mlw deleted purge", say=say):
        move_notes.refuse(context)
        checkpoint = state_files.read(context)
        stack_id = removal_notes.purged_identity(context, checkpoint)
        if not (stack_id and removal_notes.is_over(checkpoint)):
            found, time = open_deleted(context, "purging"), now or datetime.now(UTC)
            _refuse_protected(found, time)
            if not early and found.deletion.kept_until > time and not found.purge_has_begun:
                raise NotDeletedError(f"purging stack '{context.stack}': it was changed meanwhile and was not purged.")
            stack_id = found.deletion.stack_id
        recovery, remains = _remove(context, stack_id)
    down.tell(recovery, remains, f"Stack '{context.stack}' is purged.")


def _refuse_protected(found: Deleted, now: datetime) -> None:
    # T5: with purge protection, no purge before the retention is over.
    if found.protected_until and found.protected_until > now:
        raise PurgeProtectedError(
            f"purging stack '{found.context.stack}': its key vault has purge protection, so it cannot be purged "
            f"before {format_moment(found.protected_until)}. Nothing was removed. `mlw deleted recover "
            f"{found.context.stack}` recovers it; `mlw expire --yes` purges it after that date."
        )


def _remove(context: Context, stack_id: str) -> tuple[Recovery, Remains]:
    removal_notes.begin(context, stack_id, purge=True)
    allowed = replace(context, environment={**context.environment, removal.PURGE: stack_id})
    recovery = Recovery(context=allowed, stack_id=stack_id)
    return recovery, down.remove(recovery, down.last_state(recovery, lambda _: None))
