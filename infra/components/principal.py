"""What one principal may do in each service, in the words of that service; every component applies its own part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

RegistryAccess = Literal["none", "pull", "push"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Somebody (a person, a team, a compute) who has been given a role.

    Attributes:
        name: Name of the principal; user name at the key vault, the storage account and the registry.
        vault_policy: The key vault's policy (HCL); empty for one who may not log in.
        storage_user: Its user name at the storage account, which is another one where other workspaces have users too.
        storage_policy: The storage account's policy (an S3 policy document); None for one without access.
        registry: `push` includes pull and delete.
        telemetry: Whether the principal may send telemetry.
        secrets: A secret for each service, made by the stack: `keyVault`, `storage`, `registry`, `registryBcrypt`,
            `telemetry`.
    """

    name: str
    vault_policy: str
    storage_user: pulumi.Input[str]
    storage_policy: pulumi.Input[Mapping[str, Any]] | None
    registry: RegistryAccess
    telemetry: bool
    secrets: pulumi.Output[dict[str, str]]


def storage_users(principals: Sequence[Principal]) -> pulumi.Output[dict[str, dict[str, Any]]]:
    """Who is let in at the storage account.

    Returns:
        ``policies`` and ``secrets``, each by user name.
    """
    allowed = [one for one in principals if one.storage_policy is not None]
    names = pulumi.Output.all(*(one.storage_user for one in allowed))
    policies = pulumi.Output.all(*(one.storage_policy for one in allowed))
    secrets = pulumi.Output.all(*(one.secrets for one in allowed))
    return pulumi.Output.all(names, policies, secrets).apply(
        lambda known: {
            "policies": dict(zip(known[0], known[1], strict=True)),
            "secrets": {name: made["storage"] for name, made in zip(known[0], known[2], strict=True)},
        }
    )
