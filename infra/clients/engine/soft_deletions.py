"""Soft-deleted stacks: each is marked by an empty volume on the engine, with labels.

The mark is on the engine, like the data, so that every home and backend that uses the engine sees it, and mark and data
stay together. It is created and removed atomically.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra import labels
from infra.clients.engine.docker_engine import connect
from infra.errors import ForeignObjectError
from infra.rules.names.engine_names import physical_name
from infra.rules.stack.expiry import format_moment

_ID_LENGTH = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftDeletion:
    """One soft-deleted stack.

    Attributes:
        stack: Name of the stack when it was created.
        made_by: Who created it, where and when; for people.
        workspace_id: Full id of its workspace.
        deleted_on: When it was deleted.
        kept_until: When its retention ends, and any user may purge it.
    """

    stack_id: str
    stack: str
    made_by: str
    workspace_id: str
    deleted_on: datetime
    kept_until: datetime

    @property
    def volume(self) -> str:
        """Name of the volume that marks it."""
        return volume_of(self.workspace_id, self.stack_id)

    @property
    def workspace(self) -> str:
        """Name of its workspace."""
        return self.workspace_id.rpartition("/")[2]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the volume."""
        return {
            labels.ID: self.stack_id,
            labels.RESOURCE_ID: self.workspace_id,
            labels.STACK: self.stack,
            labels.MADE_BY: self.made_by,
            labels.DELETION_DATE: format_moment(self.deleted_on),
            labels.PURGE_DATE: format_moment(self.kept_until),
        }


def refusal(deletion: SoftDeletion, *, stack: str = "") -> str:
    """The message for a soft-deleted workspace, in Azure's words (M9), with what to do.

    Args:
        deletion: The soft deletion.
        stack: Current name of the stack, which may have been renamed; empty if it may belong to another home.
    """
    name, origin = stack or deletion.stack, "" if stack else f" of {deletion.made_by}"
    return (
        f"soft-deleted workspace exists: '{deletion.workspace}' of stack '{name}'{origin} was deleted on "
        f"{format_moment(deletion.deleted_on)} and is kept, with its name and its data, until "
        f"{format_moment(deletion.kept_until)}. Please purge or recover it: `mlw deleted recover {name}`, or "
        f"`mlw deleted purge {name} --yes`."
    )


def volume_of(workspace_id: str, stack_id: str) -> str:
    """Name of the volume that marks a stack as soft-deleted."""
    # Workspaces in different resource groups may have the same name.
    return f"{physical_name(workspace_id.rpartition('/')[2])}-soft-deleted-{stack_id[:_ID_LENGTH]}"


def mark(deletion: SoftDeletion) -> SoftDeletion:
    """Mark a stack as soft-deleted.

    Returns:
        The current mark: a stack that is already soft-deleted keeps its dates.

    Raises:
        ForeignObjectError: The volume exists and belongs to someone else.
    """
    if existing := find(deletion.stack_id):
        return existing
    with connect() as client:
        made = client.api.create_volume(deletion.volume, labels=deletion.labels)
    # If the volume exists, the engine returns it instead of failing.
    if not labels.belongs_to(made.get("Labels") or {}, deletion.stack_id):
        raise ForeignObjectError(
            f"deleting workspace '{deletion.workspace}': the volume '{deletion.volume}', which would mark it, exists "
            f"but does not belong to this stack ({labels.describe_owner(made.get('Labels') or {})}). "
            "Nothing was deleted."
        )
    return deletion


def unmark(stack_id: str) -> None:
    """Remove the mark of a stack; an unmarked stack is ignored."""
    if found := find(stack_id):
        with connect() as client:
            client.api.remove_volume(found.volume)


def find(stack_id: str) -> SoftDeletion | None:
    """The soft deletion of a stack; None if it is not soft-deleted."""
    return next(iter(_list({"label": [labels.PURGE_DATE, f"{labels.ID}={stack_id}"]})), None)


def find_workspace(workspace_id: str) -> SoftDeletion | None:
    """The soft deletion of a workspace's stack; None if it is not soft-deleted."""
    return next((found for found in list_all() if found.workspace_id.casefold() == workspace_id.casefold()), None)


def list_all() -> list[SoftDeletion]:
    """All soft-deleted stacks on the engine, including those of other homes and backends, by name."""
    return sorted(_list({"label": [labels.PURGE_DATE]}), key=lambda found: (found.stack, found.stack_id))


def _list(filters: Mapping[str, Any]) -> list[SoftDeletion]:
    with connect() as client:
        found = client.api.volumes(filters=dict(filters))["Volumes"] or []
    return [_of(volume.get("Labels") or {}) for volume in found]


def _of(found: Mapping[str, str]) -> SoftDeletion:
    return SoftDeletion(
        stack_id=labels.identity_of(found),
        stack=found.get(labels.STACK, ""),
        made_by=found.get(labels.MADE_BY, ""),
        workspace_id=found.get(labels.RESOURCE_ID, ""),
        deleted_on=datetime.fromisoformat(found[labels.DELETION_DATE]),
        kept_until=datetime.fromisoformat(found[labels.PURGE_DATE]),
    )
