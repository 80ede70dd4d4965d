"""The principal that is the identity of an endpoint: whether it may be, and its credentials for containers.

The stack file decides which principals these are, not the record of the endpoint: roles with rights on endpoints can
write the record with any client of the storage account.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from infra.client_variables import variables
from infra.rules.roles.role_operations import ONLINE_ENDPOINTS_WRITE
from mlw.computes.compute_access import ComputeAccess, access_in_network
from mlw.keys.principal_credentials import credentials_of
from mlw.online_endpoints import endpoint_identity, serving_files
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.online_endpoints.granted_identity import Granted

_TOKEN = "VAULT_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointIdentity:
    """A principal with its credentials as they are now; without a name the identity of endpoints that have none."""

    principal: str = ""
    access: ComputeAccess | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    def granted(self, deployment: Deployment) -> Granted | None:
        """What a deployment gets; None for nothing."""
        if self.access is None:
            return None
        mount = Path(serving_files.MOUNT)
        given = self.access.in_container(mount / serving_files.CA_FILE, mount / serving_files.CA_BUNDLE)
        found = variables(given, service_name=f"{deployment.endpoint}-{deployment.name}")
        # This token is valid for an hour; the containers log in themselves.
        has_login = found.pop(_TOKEN, "") and self.password
        login = {
            "address": self.access.endpoints["keyVault"], "username": self.principal, "password": self.password,
            "ca_certificate": self.access.ca_certificate,
        } if has_login else None  # fmt: skip
        return Granted(variables=found, login=login, certificates=self.access.ca_certificate)

    def given_to(self, deployment: Deployment) -> Deployment:
        """The record of a deployment whose containers have it."""
        granted = self.granted(deployment)
        return replace(deployment, identity=self.principal, identity_digest=granted.digest if granted else "")


NOBODY = EndpointIdentity()


def read(workspace: EndpointWorkspace, principal: str, doing: str) -> EndpointIdentity:
    """Read the credentials of an identity, with the stack's own rights.

    Args:
        workspace: The workspace; its caller must be able to create endpoints.
        principal: The principal; empty for none.
        doing: For messages.

    Raises:
        EndpointError: Endpoints may not have it.
        OperationNotAllowedError: The role of the caller does not include endpoints.
        NoSuchPrincipalError: The key vault does not have its credentials.
    """
    if not principal:
        return NOBODY
    if workspace.principal is not None:
        from mlw.roles.principal_rights import require_operation  # noqa: PLC0415 - only for a principal

        require_operation(workspace.stack.name, workspace.principal, ONLINE_ENDPOINTS_WRITE, doing)
    for problem in endpoint_identity.not_released(principal, workspace.stack):
        raise EndpointError(f"{doing}: {problem}")
    held = credentials_of(workspace.stack, principal)
    return EndpointIdentity(
        principal=principal,
        access=access_in_network(workspace.stack, principal, own_only=True),
        password=str(held.get("keyVaultPassword") or ""),
    )
