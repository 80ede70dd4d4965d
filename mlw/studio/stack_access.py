"""What the page may use of a stack: its services, with the credentials of the stack or of one principal.

With a principal only its own credentials are kept, so that every service decides itself what it shows. Credentials are
decrypted once and read again when the stack was updated, or after some minutes: tokens of a key vault expire.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra.clients.service_connection import ServiceConnection
from infra.errors import MlWorkspaceError
from mlw.diagnosis.diagnosed_services import DiagnosedService, services_of
from mlw.stacks.stacks import Stack, open_stack

KEPT_SECONDS = 600.0


class NoAccessError(MlWorkspaceError):
    """The role of the principal includes nothing in a service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackAccess:
    """One stack with the credentials that the page uses.

    Attributes:
        principal: Whose credentials they are; empty for the stack's own.
        endpoints: As in the stack's output; a principal that only pulls has the read-only registry.
        credentials: As in the stack's output; a service that a principal may not use has no entry.
    """

    stack: Stack
    principal: str
    endpoints: Mapping[str, str]
    credentials: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def services(self) -> list[DiagnosedService]:
        """All services of the workspace; without credentials where the principal has none."""
        return services_of(self.stack, _OrNothing(self.credentials))

    def require(self, service: DiagnosedService, doing: str) -> ServiceConnection:
        """Return the connection to a service.

        Raises:
            NoAccessError: The principal may not use it.
        """
        if not service.connection.credentials:
            raise NoAccessError(
                f"{doing}: principal '{self.principal}' has no credentials for the {service.what}; its role includes "
                "nothing there. `mlw roles list` shows what a role includes."
            )
        return service.connection

    def connection(self, section: str, doing: str) -> ServiceConnection:
        """Return the connection to the workspace's own service of a section.

        Raises:
            NoAccessError: The principal may not use it.
        """
        found = next(service for service in self.services if service.service.section == section)
        connection = self.require(found, doing)
        address = self.endpoints[found.service.endpoints[0].use]
        scheme = connection.endpoint.partition("://")[0]
        return replace(connection, endpoint=address if "://" in address else f"{scheme}://{address}")


def refuse_principals(access: StackAccess, doing: str) -> None:
    """Reject a principal where no service decides: records on this machine belong to the person who uses it.

    Raises:
        NoAccessError: The page uses the credentials of a principal.
    """
    if access.principal:
        raise NoAccessError(
            f"{doing} as principal '{access.principal}': these are records of this machine, which no role includes. "
            "Start the studio without --principal."
        )


class _OrNothing(dict[str, Any]):
    """Credentials by service; empty ones for a service without."""

    def __missing__(self, _key: str) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class _Kept:
    access: StackAccess
    outputs: str
    until: float


class AccessCache:
    """Access to stacks, kept for some minutes.

    Args:
        principal: Whose credentials to use; empty for each stack's own.
    """

    def __init__(self, principal: str = "") -> None:
        self.principal = principal
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> StackAccess:
        """Access to a stack as it is now.

        Raises:
            UnknownStackError: There is no such stack.
            NotUpError: It has never been deployed successfully.
            NoSuchPrincipalError: It has no such principal.
            WrongPassphraseError: The passphrase does not decrypt the credentials.
        """
        stack = open_stack(name)
        outputs = json.dumps(stack.require_outputs(), sort_keys=True)
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.outputs != outputs or kept.until < time.monotonic():
                kept = _Kept(self._access(stack), outputs, time.monotonic() + KEPT_SECONDS)
                self._kept[name] = kept
        return replace(kept.access, stack=stack)

    def _access(self, stack: Stack) -> StackAccess:
        endpoints: Mapping[str, str] = stack.outputs["endpoints"]
        if not self.principal:
            return StackAccess(stack=stack, principal="", endpoints=endpoints, credentials=stack.credentials())
        from mlw.client_environment.principal_access import access_of_principal  # noqa: PLC0415 - only with a principal

        found, credentials = access_of_principal(stack, self.principal, endpoints)
        return StackAccess(stack=stack, principal=self.principal, endpoints=found, credentials=credentials)
