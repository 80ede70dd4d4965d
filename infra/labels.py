"""Labels of the objects on the engine: whose they are, and for people where they come from.

A stack's identity is made once and kept in its state. It alone decides whose an object is: a stack may be renamed, and
its backend, home and folder may move or be spelt in another way. The other labels tell people what an object belonged
to when it was made; nothing is decided by them.

Objects made before stacks had identities carry none, and the labels of a volume cannot change. What they do carry (the
stack's name, a digest of the backend's address, the resource group) never changed during the life of such a stack, so
the identity that the stack is given when it is taken over is derived from it: :func:`identity_of` then finds the same
one on every object, old or new, without asking a state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

ID = "ml-workspace.id"
RESOURCE_ID = "ml-workspace.resource-id"
STACK = "ml-workspace.stack"
MADE_BY = "ml-workspace.made-by"

DELETION_DATE = "ml-workspace.deletion-date"
PURGE_DATE = "ml-workspace.scheduled-purge-date"
"""On the volume that says that a stack's workspace is soft-deleted: when that happened, and how long it is kept."""

BACKEND = "ml-workspace.backend"
"""On objects made before stacks had identities, instead of :data:`ID` and :data:`MADE_BY`."""

_ID_LENGTH = 32
_GROUP_SEGMENTS = 5
"""Of a resource id up to its group: ``/subscriptions/<id>/resourceGroups/<name>``."""


def identity_of(labels: Mapping[str, str]) -> str:
    """Identity of the stack that an object with these labels belongs to; empty for what the project did not make."""
    return labels.get(ID) or earlier_identity(labels)


def earlier_identity(labels: Mapping[str, str]) -> str:
    """Identity that follows from the labels of an object made before stacks had one; empty for any other object.

    The resource group is part of it: two stacks of one group have the same network, so no engine holds both.
    """
    if ID in labels or not (labels.get(STACK) and labels.get(BACKEND)):
        return ""
    group = "/".join(labels.get(RESOURCE_ID, "").split("/")[:_GROUP_SEGMENTS]).lower()
    text = "\n".join([labels[STACK], labels[BACKEND], group])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def belongs_to(labels: Mapping[str, str], stack_id: str) -> bool:
    """Whether an object with these labels is the stack's own."""
    return bool(stack_id) and identity_of(labels) == stack_id


def purge_dates(all_labels: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Identity of each stack that is soft-deleted to how long it is kept, found among labels of volumes."""
    return {identity_of(labels): labels[PURGE_DATE] for labels in all_labels if PURGE_DATE in labels}


def describe_owner(labels: Mapping[str, str], purge_dates: Mapping[str, str] = MappingProxyType({})) -> str:
    """Who an object belongs to, for messages: the stack as it was called, and who made it where and when.

    Args:
        labels: Of the object.
        purge_dates: What :func:`purge_dates` found; a soft-deleted stack is called so.
    """
    if not identity_of(labels):
        return "not made by this project"
    unknown = "an unknown user" if ID in labels else "an earlier version of this project"
    made_by, kept = labels.get(MADE_BY) or unknown, purge_dates.get(identity_of(labels))
    return f"stack '{labels.get(STACK, '')}' of {made_by}{f', soft-deleted and kept until {kept}' if kept else ''}"
