"""The containers of a storage account that belong to a workspace, and the policies that isolate workspaces.

The owner of an account may use all of it, except the containers of sharers: workspaces of other stacks that use the
account. One policy (:data:`OTHERS_POLICY`), attached to each of the owner's principals, denies them these containers,
since the owner's stack does not know its sharers. A sharer owns named containers, and all whose names start with its
GUID. No pattern starts with `*`: in MinIO it also matches `/`, so it would match the containers of all workspaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.rules.datastores.default_datastores import ARTIFACT_CONTAINER, artifact_container, default_containers

OTHERS_POLICY = "containers-of-sharers"
"""Policy that denies the owner's principals the containers of sharers; the sum of every sharer's :func:`exclusion`."""

WORKSPACE_USER = "workspace"
"""User of the sharing workspace itself; its keys are in its stack's outputs."""

_EVERYTHING = ("arn:aws:s3:::*",)
_SETTINGS = (
    "s3:DeleteBucket*", "s3:DeleteObjectVersion", "s3:ForceDeleteBucket", "s3:Put*Configuration", "s3:PutBucket*",
)  # fmt: skip
NO_ADMINISTRATION: dict[str, Any] = {"Effect": "Deny", "Action": ["admin:*"]}
"""Without it, MinIO lets users administer themselves (cmd/admin-handlers-users.go)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageScope:
    """The containers that a workspace's principals may use.

    Attributes:
        resources: Its containers and their objects, as in S3 policies.
        artifact_store: Container of the artifact store, with the workspace record.
    """

    resources: tuple[str, ...] = _EVERYTHING
    artifact_store: str = ARTIFACT_CONTAINER


WHOLE_ACCOUNT = StorageScope()
"""Scope of the workspace that owns the account."""


def sharers_scope(workspace_id: str, registered: Iterable[str]) -> StorageScope:
    """The scope of a workspace in another stack's account.

    Args:
        workspace_id: Its GUID.
        registered: Containers of its registered datastores.
    """
    return StorageScope(
        resources=tuple(_resources([*own_containers(workspace_id), *registered], workspace_id)),
        artifact_store=artifact_container(workspace_id, in_existing_account=True),
    )


def own_containers(workspace_id: str) -> list[str]:
    """The containers of a sharer's default datastores."""
    return list(default_containers(workspace_id, in_existing_account=True).values())


def sharers_user(name: str, workspace_id: str) -> str:
    """User name of a sharer's principal; can't collide with a principal of another workspace."""
    return f"{name}@{workspace_id}"


def workspace_policy(scope: StorageScope) -> dict[str, Any]:
    """Policy of the sharing workspace itself: full access to its own containers."""
    return _document([{"Effect": "Allow", "Action": ["s3:*"], "Resource": list(scope.resources)}, NO_ADMINISTRATION])


def exclusion_name(workspace_id: str) -> str:
    """Name of the policy that reserves containers for one sharer."""
    return f"{_EXCLUSION}{workspace_id}"


_EXCLUSION = "containers-of-sharer-"


def exclusion(containers: Iterable[str], workspace_id: str) -> dict[str, Any]:
    """Policy that denies other workspaces' principals the containers of one sharer."""
    return _document([{"Effect": "Deny", "Action": ["s3:*"], "Resource": _resources(containers, workspace_id)}])


def all_exclusions(policies: dict[str, Any]) -> dict[str, Any]:
    """Combine the exclusions of all sharers.

    Args:
        policies: Every policy of the account by name.
    """
    found = [policies[name]["Statement"] for name in sorted(policies) if name.startswith(_EXCLUSION)]
    return _document([statement for statements in found for statement in statements] + [NO_ADMINISTRATION])


def protecting_settings(policy: dict[str, Any], common: Sequence[str]) -> dict[str, Any]:
    """Extend a sharer's policy: deny changes to settings and old versions of containers that it shares with others."""
    if not common:
        return policy
    protected = {"Effect": "Deny", "Action": list(_SETTINGS), "Resource": _arns(common)}
    return {**policy, "Statement": [*policy["Statement"], protected]}


def _resources(containers: Iterable[str], workspace_id: str) -> list[str]:
    return [*_arns(containers), f"arn:aws:s3:::{workspace_id}-*"]


def _arns(containers: Iterable[str]) -> list[str]:
    return [f"arn:aws:s3:::{name}{below}" for name in dict.fromkeys(containers) for below in ("", "/*")]


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
