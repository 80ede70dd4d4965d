"""A principal's permissions in each service, in that service's terms; each component applies its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

TRACKING_PASSWORD_LENGTH = 43
"""Length of an alphanumeric password with 256 bits, which needs no slow hash."""

INSTANCES_KEY = "computeInstance"
"""Key of the token of a principal's compute instances, among its secrets."""

RegistryAccess = Literal["none", "pull", "push"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A person, team or compute that has been assigned a role.

    Attributes:
        name: Name of the principal; its user name in the key vault, the storage account and the registry.
        vault_policy: Its policy in the key vault (HCL); empty if it may not log in.
        storage_user: Its user name in the storage account; different from `name` in another stack's account.
        storage_policy: Its policy in the storage account (an S3 policy document); None for no access.
        registry: Its access level; `push` includes pull and delete.
        telemetry: Whether it may send telemetry.
        reads_insights: Whether it may query telemetry.
        tracking: Its operations in the tracking server, in short form; None if there is none.
        secrets: Generated secrets for the services: `keyVault`, `storage`, `registry`, `registryBcrypt`, `telemetry`,
            `insights`, `tracking` where there is a tracking server, `computeInstance` if it has an instance.
        is_compute: Whether programs that run for long have it as identity: a compute's jobs, or online endpoints.
    """

    name: str
    vault_policy: str
    storage_user: pulumi.Input[str]
    storage_policy: pulumi.Input[Mapping[str, Any]] | None
    registry: RegistryAccess
    telemetry: bool
    reads_insights: bool
    tracking: Sequence[str] | None = None
    secrets: pulumi.Output[dict[str, str]]
    is_compute: bool = False


def storage_users(principals: Sequence[Principal]) -> pulumi.Output[dict[str, dict[str, Any]]]:
    """The users of the storage account.

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
