"""Which containers of a storage account are a workspace's own, and the policies that keep two workspaces apart.

The owner of an account has all of it, but for what sharers have: workspaces of other stacks that are tied to it. Their
containers are refused to the owner's principals by one policy that each of these holds (:data:`OTHERS_POLICY`), since
the owner's stack does not know who shares its account. A sharer has containers by name, and all whose names begin with
its GUID. No pattern begins with `*`: MinIO's matches `/` as well, so it would reach into everybody's containers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.rules.datastores.default_datastores import ARTIFACT_CONTAINER, artifact_container, default_containers

OTHERS_POLICY = "containers-of-sharers"
"""What the principals of an account's owner are refused; the sum of :func:`exclusion` of every sharer."""

WORKSPACE_USER = "workspace"
"""The sharing workspace itself, whose keys its stack gives out."""

_EVERYTHING = ("arn:aws:s3:::*",)
_SETTINGS = (
    "s3:DeleteBucket*", "s3:DeleteObjectVersion", "s3:ForceDeleteBucket", "s3:Put*Configuration", "s3:PutBucket*",
)  # fmt: skip
NO_ADMINISTRATION: dict[str, Any] = {"Effect": "Deny", "Action": ["admin:*"]}
"""Without it, MinIO lets a user administrate himself (cmd/admin-handlers-users.go)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageScope:
    """Where a workspace's principals work.

    Attributes:
        resources: Its containers with what is in them, as S3 policies name them.
        artifact_store: Container of the artifact store, with the workspace record.
    """

    resources: tuple[str, ...] = _EVERYTHING
    artifact_store: str = ARTIFACT_CONTAINER


WHOLE_ACCOUNT = StorageScope()
"""Of the workspace whose own the account is."""


def sharers_scope(workspace_id: str, registered: Iterable[str]) -> StorageScope:
    """That of a workspace in another stack's account.

    Args:
        workspace_id: Its GUID.
        registered: Containers of its registered datastores.
    """
    return StorageScope(
        resources=tuple(_resources([*own_containers(workspace_id), *registered], workspace_id)),
        artifact_store=artifact_container(workspace_id, in_existing_account=True),
    )


def own_containers(workspace_id: str) -> list[str]:
    """Containers of a sharer's default datastores."""
    return list(default_containers(workspace_id, in_existing_account=True).values())


def sharers_user(name: str, workspace_id: str) -> str:
    """User name of a sharer's principal, which no principal of another workspace can have."""
    return f"{name}@{workspace_id}"


def workspace_policy(scope: StorageScope) -> dict[str, Any]:
    """What a sharing workspace itself may do: everything with its own containers."""
    return _document([{"Effect": "Allow", "Action": ["s3:*"], "Resource": list(scope.resources)}, NO_ADMINISTRATION])


def exclusion_name(workspace_id: str) -> str:
    """Name of the policy that says which containers are a sharer's alone."""
    return f"{_EXCLUSION}{workspace_id}"


_EXCLUSION = "containers-of-sharer-"


def exclusion(containers: Iterable[str], workspace_id: str) -> dict[str, Any]:
    """What the other workspaces' principals are refused for one sharer's sake."""
    return _document([{"Effect": "Deny", "Action": ["s3:*"], "Resource": _resources(containers, workspace_id)}])


def all_exclusions(policies: dict[str, Any]) -> dict[str, Any]:
    """The sum of all sharers' exclusions.

    Args:
        policies: Every policy of the account by name.
    """
    found = [policies[name]["Statement"] for name in sorted(policies) if name.startswith(_EXCLUSION)]
    return _document([statement for statements in found for statement in statements] + [NO_ADMINISTRATION])


def protecting_settings(policy: dict[str, Any], common: Sequence[str]) -> dict[str, Any]:
    """A policy of a sharer's user, without the settings and old versions of containers that others have as well."""
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
