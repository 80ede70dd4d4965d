"""Soft delete: keeps a deleted workspace with its name, state and data for a retention period.

The state stays in its backend, the volumes stay on the engine. Only containers, network and ports are released, in a
way that `make up` can repair after any failure. An empty volume marks the stack as soft-deleted
(`infra.clients.engine.soft_deletions`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import known_stacks, stack_states
from infra.clients.state.resource_users import refuse_if_used
from infra.host import atomic_files
from infra.rules.resources.component_types import COMPONENT_TYPES, KEY_VAULT
from infra.rules.stack.expiry import format_moment
from infra.rules.stack.soft_delete import kept_days
from infra.stack_files.stack_file import StackFileError, read_stack_file
from mlw.lifecycle import removal_notes, stack_ports
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import LifecycleError, SoftDeletedError
from mlw.lifecycle.object_comparison import EngineObject
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_contents import describe_contents
from mlw.lifecycle.stack_context import Context

SETTING = "softDeleteRetentionInDays"
_SECTION = "ml-workspace:workspace"


def find(context: Context, checkpoint: Checkpoint | None) -> SoftDeletion | None:
    """The soft deletion of a stack; the engine is queried only if its state, or a purge, allows for one."""
    guard = stack_states.soft_deletion_of(checkpoint.resources) if checkpoint else None
    stack_id = str(guard["stack_id"]) if guard else removal_notes.purged_identity(context, checkpoint)
    return soft_deletions.find(stack_id) if stack_id else None


def refuse(context: Context, checkpoint: Checkpoint | None, doing: str) -> None:
    """Refuse to work on a soft-deleted stack.

    Args:
        context: The stack.
        checkpoint: Its state.
        doing: What is being done.

    Raises:
        SoftDeletedError: It is soft-deleted.
    """
    if found := find(context, checkpoint):
        raise SoftDeletedError(f"{doing} stack '{context.stack}': {soft_deletions.refusal(found, stack=context.stack)}")


def note_recovered(checkpoint: Checkpoint) -> None:
    """Record that a stack is up that may have been soft-deleted before."""
    if guard := stack_states.soft_deletion_of(checkpoint.resources):
        known_stacks.set_deleted(str(guard["stack_id"]), kept_until="")


def _report(context: Context, deletion: SoftDeletion, checkpoint: Checkpoint) -> str:
    """What a deletion keeps, and how to recover or purge it."""
    kept_until = format_moment(deletion.kept_until)
    end = f"remove it permanently with `mlw deleted purge {context.stack} --yes`"
    if is_protected(checkpoint):
        end = "purge protection keeps it from being purged before"
    return (
        f"Keeping until {kept_until}: {describe_contents(checkpoint)}, state, stack file, and the names of all "
        "resources.\n"
        f"Recover it with `mlw deleted recover {context.stack}`; {end}."
    )


def is_protected(checkpoint: Checkpoint) -> bool:
    """Whether the stack's own key vault has purge protection (T5)."""
    return any(one["type"] == KEY_VAULT and one["inputs"].get("enablePurgeProtection") for one in checkpoint.resources)


def keeps(checkpoint: Checkpoint) -> bool:
    """Whether `make down` soft-deletes the stack."""
    return stack_states.soft_deletion_of(checkpoint.resources) is not None


def refuse_unapplied(context: Context, checkpoint: Checkpoint) -> None:
    """Refuse to delete a stack permanently if its file asks for soft delete.

    Raises:
        LifecycleError: It does, and no update has applied it yet.
    """
    is_complete = bool(checkpoint.outputs.get("endpoints"))
    is_being_purged = removal_notes.purge_has_begun(context, checkpoint)
    if is_complete and not keeps(checkpoint) and not is_being_purged and _is_wanted(context):
        raise LifecycleError(
            f"taking stack '{context.stack}' down: '{_SECTION}.{SETTING}' is set in its file, and no `make up` has "
            f"applied it yet, so everything would be lost. Nothing was removed. Run `make up STACK={context.stack}` "
            "first; to remove the stack permanently, remove the setting from the file."
        )


def _is_wanted(context: Context) -> bool:
    """Whether the stack file asks for it; a missing or unreadable file does not."""
    try:
        if SETTING.encode() not in context.stack_file.read_bytes():
            return False
        section = json.loads(read_stack_file(context.stack_file).get(_SECTION, "{}"))
    except (OSError, StackFileError, ValueError):
        return False
    return isinstance(section, Mapping) and bool(section.get(SETTING))


def delete(recovery: Recovery, checkpoint: Checkpoint) -> SoftDeletion:
    """Soft-delete a stack; finishes an interrupted soft delete.

    Returns:
        Until when it is kept.

    Raises:
        SharedResourceError: Another workspace uses one of its resources; nothing was changed.
    """
    context = recovery.context
    deletion = _planned(context, checkpoint)
    own = [str(r["inputs"]["resourceId"]) for r in checkpoint.resources if r["type"] in COMPONENT_TYPES]
    refuse_if_used(own, stack_id=deletion.stack_id, stack=context.stack)
    if context.stack_file.is_file():
        atomic_files.write(context.safe_copies / context.stack_file.name, context.stack_file.read_bytes(), durable=True)
    deletion = soft_deletions.mark(deletion)
    known_stacks.set_deleted(deletion.stack_id, kept_until=format_moment(deletion.kept_until))
    recovery.say(_report(context, deletion, checkpoint))
    freed = using_the_machine(recovery)
    recovery.engine.stop(freed)
    recovery.engine.remove(freed)
    stack_ports.release(deletion.stack_id)
    return deletion


def using_the_machine(recovery: Recovery) -> list[EngineObject]:
    """The stack's containers and networks."""
    return [item for item in recovery.found() if item.kind != "volume"]


def _planned(context: Context, checkpoint: Checkpoint) -> SoftDeletion:
    guard = stack_states.soft_deletion_of(checkpoint.resources) or {}
    identity = next(r for r in checkpoint.resources if r["type"].endswith(stack_states.STACK_IDENTITY))
    vault: Mapping[str, object] = next((r["inputs"] for r in checkpoint.resources if r["type"] == KEY_VAULT), {})
    now = datetime.now(UTC)
    return SoftDeletion(
        stack_id=str(guard["stack_id"]),
        stack=context.stack,
        made_by=str(identity["outputs"]["made_by"]),
        workspace_id=str(guard["workspace_id"]),
        deleted_on=now,
        kept_until=now + timedelta(days=kept_days(int(guard["retention_days"]), vault)),
    )
