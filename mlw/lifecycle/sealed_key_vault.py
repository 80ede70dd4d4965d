"""Faults of services that the engine cannot see: a container that runs and does not do its work.

Only what an update repairs once the state knows of it: a key vault that is closed because its unseal key is gone from
its volume. Whether a service is ready is the program's part.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.clients.readiness_probes import http_probe
from infra.services import KEY_VAULT
from mlw.lifecycle.checkpoints import Checkpoint, DockerObject

OPENING = "VaultInitialization"
"""Kind of the resource that initialises and opens the key vault; a refresh of it reports a closed one."""

CLOSED = frozenset({501, 503})
"""Not initialised, sealed."""


def closed_key_vault(checkpoint: Checkpoint) -> list[DockerObject]:
    """The resource that would unseal the stack's own key vault, when that responds and is sealed."""
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
