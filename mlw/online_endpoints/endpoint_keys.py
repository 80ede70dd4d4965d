"""Keys of online endpoints: in the key vault; the front and the records have only their hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault import vault_secrets
from infra.clients.key_vault.vault import Vault, explaining
from infra.errors import ServiceError
from infra.rules.roles.role_permissions import ONLINE_ENDPOINTS
from infra.rules.roles.vault_policies import SECRETS
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace

PRIMARY, SECONDARY = "primary", "secondary"
_BYTES = 32
_FORBIDDEN = "Forbidden"
"""The client's name of a refusal for lack of rights."""

_OPERATION = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/{}"


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys of an endpoint."""

    primary: str = field(repr=False)
    secondary: str = field(repr=False)

    @classmethod
    def new(cls) -> Keys:
        """Two random keys."""
        return cls(_made(), _made())

    def regenerated(self, which: str) -> Keys:
        """One key replaced, the other one kept."""
        return Keys(_made(), self.secondary) if which == PRIMARY else Keys(self.primary, _made())

    @property
    def hashes(self) -> list[str]:
        """What the front compares with. Keys are random and long, so one round of SHA-256 cannot be searched."""
        return [hashlib.sha256(key.encode()).hexdigest() for key in (self.primary, self.secondary)]

    @property
    def as_json(self) -> dict[str, str]:
        """In Azure's names."""
        return {"primaryKey": self.primary, "secondaryKey": self.secondary}


def _made() -> str:
    return secrets.token_urlsafe(_BYTES)


def read(workspace: EndpointWorkspace, endpoint: str) -> Keys:
    """Read the keys of an endpoint.

    Raises:
        EndpointError: There are none, or the role does not allow it.
    """
    with _connected(workspace, f"reading the keys of online endpoint '{endpoint}'", "score/action") as vault:
        found = vault_secrets.read_fields(vault, SECRETS, _path(workspace, endpoint))
    if not found:
        raise EndpointError(
            f"reading the keys of online endpoint '{endpoint}': the key vault has none. `mlw online-endpoint list` "
            "shows the endpoints; `mlw online-endpoint regenerate-keys` makes new keys."
        )
    return _keys(found)


def write(workspace: EndpointWorkspace, endpoint: str, keys: Keys) -> None:
    """Write the keys of an endpoint.

    Raises:
        EndpointError: The role does not allow it.
    """
    with _connected(workspace, f"writing the keys of online endpoint '{endpoint}'", "write") as vault:
        vault.write(f"{SECRETS}/data/{_path(workspace, endpoint)}", {"data": keys.as_json})


def delete(workspace: EndpointWorkspace, endpoint: str) -> None:
    """Delete the keys of an endpoint for good; recoverably, if purge protection or the role allow no more.

    Raises:
        EndpointError: The role does not allow it.
    """
    path, doing = _path(workspace, endpoint), f"deleting the keys of online endpoint '{endpoint}'"
    try:
        with _connected(workspace, doing, "delete") as vault:
            vault.delete(f"{SECRETS}/metadata/{path}")
    except EndpointError:
        with _connected(workspace, doing, "delete") as vault:
            vault.delete(f"{SECRETS}/data/{path}")


def take_over(workspace: EndpointWorkspace, endpoint: str, key_hashes: Sequence[str]) -> None:
    """Find keys that are stored under the name that the workspace had before it was restored under another one.

    Those of the record's hashes are the endpoint's, whoever else uses the key vault. They are copied: the
    workspace that they were of may still exist.
    """
    with _connected(workspace, f"looking for the keys of online endpoint '{endpoint}'", "write") as vault:
        if vault_secrets.read_fields(vault, SECRETS, _path(workspace, endpoint)):
            return
        for folder in vault.list(f"{SECRETS}/metadata/{ONLINE_ENDPOINTS}"):
            found = vault_secrets.read_fields(vault, SECRETS, f"{ONLINE_ENDPOINTS}/{folder}{endpoint}")
            if found and (keys := _keys(found)).hashes == list(key_hashes):
                vault.write(f"{SECRETS}/data/{_path(workspace, endpoint)}", {"data": keys.as_json})
                return


def _keys(found: Mapping[str, Any]) -> Keys:
    return Keys(str(found["primaryKey"]), str(found["secondaryKey"]))


def _path(workspace: EndpointWorkspace, endpoint: str) -> str:
    # A key vault may be shared, and names of endpoints are those of one workspace.
    return f"{ONLINE_ENDPOINTS}/{workspace.stack.workspace['name']}/{endpoint}"


@contextmanager
def _connected(workspace: EndpointWorkspace, doing: str, operation: str) -> Iterator[Vault]:
    """The key vault; what it refuses names the operation."""
    connection = workspace.key_vault
    try:
        with reporting_unreachable("key vault", connection.endpoint), explaining(doing):
            yield Vault(connection)
    except ServiceError as exc:
        if type(exc.__cause__).__name__ == _FORBIDDEN:
            raise EndpointError(
                f"{doing}: the key vault refused: the role does not include {_OPERATION.format(operation)}. `mlw roles "
                "list` shows which roles do."
            ) from exc
        raise
