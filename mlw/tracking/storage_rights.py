"""The storage account with the caller's own keys: those of the stack, or of a principal."""

from __future__ import annotations

from infra.clients.service_connection import ServiceConnection
from mlw.stacks.stacks import Stack
from mlw.tracking.tracking_access import NoTrackingRightError


def storage_connection(stack: Stack, principal: str | None) -> ServiceConnection:
    """Connect as the stack or as a principal.

    Raises:
        NoSuchPrincipalError: The stack has no such principal.
        NoTrackingRightError: The principal has no keys of the storage account.
    """
    endpoint = str(stack.require_outputs()["endpoints"]["storage"])
    keys = stack.credentials()["storage"] if principal is None else _keys_of(stack, principal)
    return ServiceConnection(endpoint=endpoint, credentials=keys, ca_certificate=stack.ca_certificate)


def _keys_of(stack: Stack, principal: str) -> dict[str, str]:
    from mlw.keys.principal_credentials import by_service, credentials_of  # noqa: PLC0415 - only for a principal

    keys = by_service(credentials_of(stack, principal)).get("storage")
    if keys is None:
        raise NoTrackingRightError(
            f"using the storage account as principal '{principal}': its role includes no rights to read blobs. `mlw "
            "roles list` shows which roles do."
        )
    return keys
