"""What one principal may do in each service, in the words of that service; every component applies its own part."""

from __future__ import annotations

from collections.abc import Mapping
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
        storage_policy: The storage account's policy (an S3 policy document); None for one without access.
        registry: `push` includes pull and delete.
        telemetry: Whether the principal may send telemetry.
        secrets: A secret for each service, made by the stack: `keyVault`, `storage`, `registry`, `registryBcrypt`,
            `telemetry`.
    """

    name: str
    vault_policy: str
    storage_policy: Mapping[str, Any] | None
    registry: RegistryAccess
    telemetry: bool
    secrets: pulumi.Output[dict[str, str]]
