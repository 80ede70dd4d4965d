"""What a principal gets of a workspace: its own credentials from the key vault, and a token of its own login."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from infra import services
from infra.clients import readiness_probes
from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault import vault_principals
from infra.clients.key_vault.vault import Vault, explaining
from infra.clients.service_connection import ServiceConnection
from infra.services import Credentials
from mlw.keys.principal_credentials import by_service, credentials_of
from mlw.stacks.stacks import Stack


def access_of_principal(
    stack: Stack, name: str, endpoints: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Endpoints and credentials in the form of the stack's outputs; services without access are missing.

    Raises:
        NoSuchPrincipalError: The stack has no such principal.
        ServiceError: The key vault rejects the login.
    """
    held, found = credentials_of(stack, name), dict(endpoints)
    credentials = by_service(held)
    if "keyVaultPassword" in held:
        credentials["keyVault"] = {"token": _log_in(stack, name, endpoints["keyVault"], str(held["keyVaultPassword"]))}
    if "registry" in credentials and not _can_push(stack, endpoints["registry"], credentials["registry"]):
        found["registry"] = endpoints["registryReadOnly"]
    return found, credentials


def _log_in(stack: Stack, name: str, address: str, password: str) -> str:
    connection = ServiceConnection(endpoint=address, ca_certificate=stack.ca_certificate)
    with explaining(f"logging in as principal '{name}'"), reporting_unreachable("key vault", address):
        return vault_principals.log_in(Vault(connection), name, password)


def _can_push(stack: Stack, host: str, credentials: Credentials) -> bool:
    """Whether the first registry accepts the credentials; users that can only pull have a registry of their own."""
    probe = services.CONTAINER_REGISTRY.credentials_probe
    if probe is None:  # pragma: no cover - declared with one
        return True
    url = f"{'https' if stack.serves_tls else 'http'}://{host}"
    client = readiness_probes.open_connection(url, ca_certificate=stack.ca_certificate)
    try:
        client.request(probe.method, probe.path, headers=probe.headers(credentials))
        return client.getresponse().status == HTTPStatus.OK
    except OSError:
        # A service that does not respond is for the command itself to find out.
        return True
    finally:
        client.close()
