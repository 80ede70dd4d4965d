"""Which stacks are soft-deleted: each has an empty volume on the engine, whose labels say so.

On the engine, as the data is, so that every home and backend that uses the engine sees it, and so that the mark and the
data cannot come apart. It is made, and removed, in one step.
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
        stack: Name of the stack when it was made.
        made_by: Who made it where and when, for people.
        workspace_id: Full id of its workspace.
        deleted_on: When it was deleted.
        kept_until: When it may be purged by anybody.
    """

    stack_id: str
    stack: str
    made_by: str
    workspace_id: str
    deleted_on: datetime
    kept_until: datetime

    @property
    def volume(self) -> str:
        """Name of the volume that says so."""
        return volume_of(self.workspace_id, self.stack_id)

    @property
    def workspace(self) -> str:
        """Name of its workspace."""
        return self.workspace_id.rpartition("/")[2]

    @property
    def labels(self) -> dict[str, str]:
        """What the volume carries."""
        return {
            labels.ID: self.stack_id,
            labels.RESOURCE_ID: self.workspace_id,
            labels.STACK: self.stack,
            labels.MADE_BY: self.made_by,
            labels.DELETION_DATE: format_moment(self.deleted_on),
            labels.PURGE_DATE: format_moment(self.kept_until),
        }


def refusal(deletion: SoftDeletion, *, stack: str = "") -> str:
    """Why nothing else can be done with a soft-deleted workspace, as Azure words it (M9), and what can be.

    Args:
        deletion: The soft deletion.
        stack: Name of the stack, which may have been renamed since; left out where it may be another home's.
    """
    name, origin = stack or deletion.stack, "" if stack else f" of {deletion.made_by}"
    return (
        f"soft-deleted workspace exists: '{deletion.workspace}' of stack '{name}'{origin} was deleted on "
        f"{format_moment(deletion.deleted_on)} and is kept, with its name and its data, until "
        f"{format_moment(deletion.kept_until)}. Please purge or recover it: `mlw deleted recover {name}`, or "
        f"`mlw deleted purge {name} --yes`."
    )


def volume_of(workspace_id: str, stack_id: str) -> str:
    """Name of the volume that says that a stack with a workspace is soft-deleted."""
    # Workspaces of different resource groups may have one name.
    return f"{physical_name(workspace_id.rpartition('/')[2])}-soft-deleted-{stack_id[:_ID_LENGTH]}"


def mark(deletion: SoftDeletion) -> SoftDeletion:
    """Note that a stack is soft-deleted.

    Returns:
        What holds now: a stack that is soft-deleted already keeps its dates.

    Raises:
        ForeignObjectError: The volume's name is somebody else's.
    """
    if existing := find(deletion.stack_id):
        return existing
    with connect() as client:
        made = client.api.create_volume(deletion.volume, labels=deletion.labels)
    # The engine gives out a volume that exists already instead of refusing the name.
    if not labels.belongs_to(made.get("Labels") or {}, deletion.stack_id):
        raise ForeignObjectError(
            f"deleting workspace '{deletion.workspace}': the volume '{deletion.volume}', which would say so, exists "
            f"and is not this stack's ({labels.describe_owner(made.get('Labels') or {})}). Nothing was deleted."
        )
    return deletion


def unmark(stack_id: str) -> None:
    """Note that a stack is not soft-deleted; one that is not is fine."""
    if found := find(stack_id):
        with connect() as client:
            client.api.remove_volume(found.volume)


def find(stack_id: str) -> SoftDeletion | None:
    """The soft deletion of a stack; None for one that is not soft-deleted."""
    return next(iter(_list({"label": [labels.PURGE_DATE, f"{labels.ID}={stack_id}"]})), None)


def find_workspace(workspace_id: str) -> SoftDeletion | None:
    """The soft deletion of the stack that has a workspace; None for a workspace that is not soft-deleted."""
    return next((found for found in list_all() if found.workspace_id.casefold() == workspace_id.casefold()), None)


def list_all() -> list[SoftDeletion]:
    """All soft-deleted stacks of the engine, those of other homes and backends too, by name."""
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
