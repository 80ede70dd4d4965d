"""A service connection as a resource input; its fields are known when the service is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.clients.state import owner_credentials


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Tells the provider where to look up the credentials of another stack's resource.

    Attributes:
        stack: The stack that owns it.
        keys: Possible keys of the credentials in that stack's output `credentials`.
    """

    stack: str
    keys: Sequence[str]

    def outputs(self) -> Mapping[str, Any]:
        """The owner's outputs that are not secret."""
        return owner_credentials.outputs_of(self.stack)

    def credentials(self) -> dict[str, str]:
        """The resource's credentials."""
        return owner_credentials.credentials_of(self.stack, self.keys)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceConnectionArgs:
    """Input form of :class:`infra.clients.service_connection.ServiceConnection`, with all endpoints of a service.

    Attributes:
        endpoints: Addresses for clients by use, as in the stack's output `endpoints`; resources use the first one.
            Each is known when the service is ready.
        credentials: The credentials in the stack's output; secret.
        ca_certificate: CA certificate (PEM) of the endpoints; empty for plain HTTP.
        owner: If set, resources look up the owner's credentials instead of using `credentials`, and do not store them.
    """

    endpoints: Mapping[str, pulumi.Output[str]]
    credentials: pulumi.Output[dict[str, str]]
    ca_certificate: pulumi.Input[str]
    owner: Owner | None = None

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The first endpoint."""
        return next(iter(self.endpoints.values()))

    def to_input(self, *after: pulumi.Output[Any]) -> pulumi.Output[dict[str, Any]]:
        """The connection as one secret property of a resource.

        Args:
            after: Outputs that must be known before the resource may use the connection.
        """
        credentials: pulumi.Input[dict[str, str]] = {} if self.owner else self.credentials
        owner = {"owner": {"stack": self.owner.stack, "keys": list(self.owner.keys)}} if self.owner else {}
        known = pulumi.Output.all(self.endpoint, credentials, self.ca_certificate, *after)
        return pulumi.Output.secret(
            known.apply(lambda v: {"endpoint": v[0], "credentials": v[1], "ca_certificate": v[2], **owner})
        )
