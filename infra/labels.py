"""Labels of the objects on the engine: their owner, and for people their origin.

A stack's identity is generated once and stored in its state. Only the identity decides which stack owns an object: a
stack may be renamed, and its backend, home and folder may move or be spelt differently. The other labels only tell
people where an object came from when it was created.

Objects created before stacks had identities have none, and the labels of a volume cannot change. Their labels (the
stack's name, a digest of the backend's address, the resource group) never changed during the lifetime of such a stack,
so the identity that the stack gets in an upgrade is derived from them: :func:`identity_of` then returns the same
identity for every object, old or new, without reading a state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

ID = "ml-workspace.id"
RESOURCE_ID = "ml-workspace.resource-id"
STACK = "ml-workspace.stack"
MADE_BY = "ml-workspace.made-by"

JOB, ROOT_JOB = "ml-workspace.job", "ml-workspace.root-job"
"""On container and volume of a job: its name, and that of the job that it belongs to (its own, or a pipeline's).

Such objects are in no state: the runner of the workspace creates and removes them.
"""

ONLINE_ENDPOINT, ONLINE_DEPLOYMENT = "ml-workspace.online-endpoint", "ml-workspace.online-deployment"
"""On containers and volumes of a deployment: the names of its endpoint and its own."""
REVISION = "ml-workspace.revision"
"""On the same: the revision of the deployment, which another one replaces."""

COLLECTOR = "ml-workspace.data-collector"
"""On the volume of a deployment whose data is collected: name of the user of the storage account that writes it."""

RESERVATION = "ml-workspace.reservation"
"""On the volume that marks the reservation of a stack: its ports and its subnet, as JSON."""

LOCAL_ENDPOINT = "ml-workspace.local-endpoint"
"""On containers and volumes of a local deployment, instead of :data:`ONLINE_ENDPOINT`: the name of its endpoint."""

OUTSIDE_THE_STATE = (JOB, ONLINE_ENDPOINT, LOCAL_ENDPOINT)
"""Labels of objects that are in no state: a process of `mlw` creates and removes them."""

DELETION_DATE = "ml-workspace.deletion-date"
PURGE_DATE = "ml-workspace.scheduled-purge-date"
"""On the volume that marks a soft-deleted workspace: when it was deleted, and when its retention ends."""

BACKEND = "ml-workspace.backend"
"""On objects created before stacks had identities, instead of :data:`ID` and :data:`MADE_BY`."""

_ID_LENGTH = 32
_GROUP_SEGMENTS = 5
"""Segments of a resource id up to its group: ``/subscriptions/<id>/resourceGroups/<name>``."""


def identity_of(labels: Mapping[str, str]) -> str:
    """Identity of the stack that owns an object with these labels; empty if the project did not create it."""
    return labels.get(ID) or earlier_identity(labels)


def earlier_identity(labels: Mapping[str, str]) -> str:
    """Identity derived from the labels of an object created before stacks had one; empty for any other object.

    The resource group is part of it: two stacks with one group would have the same network, so no engine has both.
    """
    if ID in labels or not (labels.get(STACK) and labels.get(BACKEND)):
        return ""
    group = "/".join(labels.get(RESOURCE_ID, "").split("/")[:_GROUP_SEGMENTS]).lower()
    text = "\n".join([labels[STACK], labels[BACKEND], group])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def belongs_to(labels: Mapping[str, str], stack_id: str) -> bool:
    """Whether the stack owns an object with these labels."""
    return bool(stack_id) and identity_of(labels) == stack_id


def purge_dates(all_labels: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Identity of each soft-deleted stack to the end of its retention, from the labels of volumes."""
    return {identity_of(labels): labels[PURGE_DATE] for labels in all_labels if PURGE_DATE in labels}


def describe_owner(labels: Mapping[str, str], purge_dates: Mapping[str, str] = MappingProxyType({})) -> str:
    """The owner of an object, for messages: the stack's name at creation, and who created it, where and when.

    Args:
        labels: Labels of the object.
        purge_dates: Result of :func:`purge_dates`, to mention soft deletion.
    """
    if not identity_of(labels):
        return "not created by this project"
    unknown = "an unknown user" if ID in labels else "an earlier version of this project"
    made_by, kept = labels.get(MADE_BY) or unknown, purge_dates.get(identity_of(labels))
    return f"stack '{labels.get(STACK, '')}' of {made_by}{f', soft-deleted and kept until {kept}' if kept else ''}"
