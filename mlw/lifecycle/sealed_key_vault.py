"""Detects a key vault that is running but sealed, because its unseal key is missing from its volume.

The engine cannot see this fault. An update repairs it once the state contains it. Whether a service is ready is checked
by the program.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.clients.readiness_probes import http_probe
from infra.services import KEY_VAULT
from mlw.lifecycle.checkpoints import Checkpoint, DockerObject

OPENING = "VaultInitialization"
"""Type of the resource that initialises and unseals the key vault; its refresh reports a sealed one."""

CLOSED = frozenset({501, 503})
"""Not initialised, sealed."""


def closed_key_vault(checkpoint: Checkpoint) -> list[DockerObject]:
    """The resource that unseals the stack's own key vault, if the vault responds and is sealed."""
    found = checkpoint.outputs.get("endpoints")
    address = found.get("keyVault") if isinstance(found, Mapping) else None
    opening = [r for r in checkpoint.resources if r["type"].rpartition(":")[2] == OPENING and r.get("id")]
    if not address or not opening:
        return []
    ca_certificate = str(checkpoint.outputs.get("certificateAuthority") or "")
    health = f"{address}{KEY_VAULT.readiness.path}"
    if not http_probe(health, expected=CLOSED, ca_certificate=ca_certificate)().passed:
        return []
    return [DockerObject("key vault's opening", r["urn"], r["id"], r["urn"].rpartition("::")[2]) for r in opening]
