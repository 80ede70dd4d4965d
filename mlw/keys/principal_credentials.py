"""The credentials of a principal, which are in the key vault and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from mlw.stacks.stacks import Stack

FIELDS: Mapping[str, Mapping[str, str]] = {
    "storage": {"accessKey": "storageAccessKey", "secretKey": "storageSecretKey"},
    "registry": {"username": "registryUsername", "password": "registryPassword"},
    "telemetry": {"token": "telemetryToken"},
    "insights": {"token": "insightsToken"},
    "tracking": {"username": "trackingUsername", "password": "trackingPassword"},
}
"""Maps the stack's credentials to the fields of a principal's secret."""


class NoSuchPrincipalError(MlWorkspaceError):
    """A stack has no principal of this name."""


def credentials_of(stack: Stack, name: str) -> dict[str, Any]:
    """Read what the key vault holds for a principal, where the outputs of the stack say.

    Raises:
        NoSuchPrincipalError: The stack has no such principal.
    """
    paths = {held["principal"]: str(held["vaultPath"]) for held in stack.require_outputs().get("roleAssignments") or ()}
    doing = f"reading the credentials of principal '{name}'"
    if name not in paths:
        raise NoSuchPrincipalError(
            f"{doing}: no such principal in stack '{stack.name}'.{suggestion(name, paths)} "
            f"Principals: {', '.join(sorted(paths)) or 'none'}."
        )
    from infra.clients.key_vault import vault_secrets  # noqa: PLC0415 - only for a principal that exists
    from mlw.key_vault.vault_access import access  # noqa: PLC0415 - only for a principal that exists

    mount, _, path = paths[name].partition("/")
    with access(stack).connected(doing) as vault:
        found = vault_secrets.read_fields(vault, mount, path)
    if found is None:
        raise NoSuchPrincipalError(
            f"{doing}: the key vault has no '{paths[name]}'. Run `make up STACK={stack.name}`, which writes it."
        )
    return found


def by_service(held: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What a principal holds, in the form of the stack's output `credentials`; services without access are missing."""
    return {
        key: {ours: str(held[theirs]) for ours, theirs in fields.items()}
        for key, fields in FIELDS.items()
        if all(theirs in held for theirs in fields.values())
    }
