"""Principals with a role in the workspace: their secrets, and their permissions per service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.components.principal import INSTANCES_KEY, TRACKING_PASSWORD_LENGTH, Principal
from infra.resources import rotation
from infra.resources.generated_secrets import GeneratedSecrets
from infra.rules.computes.compute_properties import principal_of
from infra.rules.computes.compute_rules import LOCAL
from infra.rules.datastores.registered_datastores import DatastoreType
from infra.rules.roles.role_permissions import (
    reads_insights,
    registry_access,
    sends_telemetry,
    storage_policy,
    tracking_operations,
    vault_policy,
)
from infra.rules.roles.storage_scope import sharers_scope, sharers_user
from infra.rules.roles.vault_policies import PRINCIPALS
from infra.settings import Settings

_LENGTHS = {"keyVault": 40, "storage": 40, "registry": 40, "telemetry": 40, "insights": 40}
_OF_TRACKING = {"tracking": TRACKING_PASSWORD_LENGTH}
_OF_INSTANCES = {INSTANCES_KEY: 40}


def make_principals(
    wanted: Settings, *, workspace_id: pulumi.Output[str], after: pulumi.Resource, parent: pulumi.Resource
) -> Sequence[Principal]:
    """The principals in the order of the stack file; several roles of one principal add up.

    Each principal's secrets are a separate resource, so that adding or removing one does not affect the others.

    Args:
        wanted: The stack's settings.
        workspace_id: GUID of the workspace.
        after: Resource that the secrets depend on.
        parent: Parent of the secrets.
    """
    operations: dict[str, set[str]] = {}
    for assignment in wanted.assignments:
        operations.setdefault(assignment.principal, set()).update(assignment.operations)
    return [
        _principal(name, allowed, wanted, workspace_id, pulumi.ResourceOptions(parent=parent, depends_on=[after]))
        for name, allowed in operations.items()
    ]


def list_assignments(wanted: Settings) -> list[dict[str, str]]:
    """The role assignments with the path of the principal's credentials, which is known before they exist.

    Returns:
        ``principal``, ``role`` and ``vaultPath`` (mount and path in the key vault) of each assignment.
    """
    return [
        {"principal": held.principal, "role": held.role, "vaultPath": f"{PRINCIPALS}/{held.principal}"}
        for held in wanted.assignments
    ]


def identities(wanted: Settings) -> list[str]:
    """Names of the principals that online endpoints may have as identity, sorted."""
    return sorted(set(wanted.inference.identities)) if wanted.inference else []


def list_computes(wanted: Settings, instances: Mapping[str, pulumi.Output[str]]) -> list[dict[str, Any]]:
    """The computes with their ids, `local` first; a size limits the CPUs and memory of each job.

    Args:
        wanted: The stack's settings.
        instances: Address of each compute instance, by its name.
    """
    folder = f"{wanted.workspace.id}/computes"
    local = {"id": f"{folder}/{LOCAL}", "name": LOCAL, "type": LOCAL, "principal": principal_of(LOCAL)}
    return [
        local,
        *(
            {
                "id": f"{folder}/{compute.name}",
                **compute.model_dump(by_alias=True),
                **({"endpoint": instances[compute.name]} if compute.name in instances else {}),
            }
            for compute in wanted.computes
        ),
    ]


def _principal(
    name: str, operations: set[str], wanted: Settings, workspace_id: pulumi.Output[str], options: pulumi.ResourceOptions
) -> Principal:
    secrets = GeneratedSecrets(
        f"{wanted.workspace.name}-principal-{name}",
        lengths={
            **_LENGTHS,
            **(_OF_TRACKING if wanted.tracking else {}),
            **(_OF_INSTANCES if name in {one.assigned_user for one in wanted.instances} else {}),
        },
        hashed=("registry",),
        rotates=rotation.principal(name),
        opts=options,
    )
    is_sharer = bool(wanted.storage_account.existing_in)
    policy = (
        _sharers_policy(operations, wanted, workspace_id)
        if is_sharer
        else storage_policy(operations, has_jobs=_has_records(wanted))
    )
    return Principal(
        name=name,
        vault_policy=vault_policy(
            operations, principal=name, purge_protection=wanted.key_vault.enable_purge_protection
        ),
        storage_user=workspace_id.apply(lambda guid: sharers_user(name, guid)) if is_sharer else name,
        storage_policy=policy,
        registry=registry_access(operations),
        telemetry=sends_telemetry(operations),
        reads_insights=reads_insights(operations),
        tracking=tracking_operations(operations) if wanted.tracking else None,
        secrets=secrets.values,
        is_compute=name in {*map(principal_of, (LOCAL, *(one.name for one in wanted.computes))), *identities(wanted)},
    )


def _sharers_policy(
    operations: set[str], wanted: Settings, workspace_id: pulumi.Output[str]
) -> pulumi.Output[dict[str, Any]] | None:
    """The policy in another stack's account; None without any permission."""
    if storage_policy(operations) is None:
        return None
    containers, has_jobs = registered_containers(wanted), _has_records(wanted)
    return workspace_id.apply(
        lambda guid: storage_policy(operations, sharers_scope(guid, containers), has_jobs=has_jobs) or {}
    )


def _has_records(wanted: Settings) -> bool:
    """Whether the artifact store has records that only some operations may change: of jobs, or of endpoints."""
    return bool(wanted.computes) or wanted.inference is not None


def registered_containers(wanted: Settings) -> list[str]:
    """Containers of the registered datastores that are in the workspace's storage account."""
    return sorted({store.container for store in wanted.datastores if store.type != DatastoreType.S3})
