"""A connection to a service as an input of resources: the same fields, known when the service is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.clients.state import owner_credentials


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Where the provider finds the credentials of another stack's resource when it needs them.

    Attributes:
        stack: The stack that owns it.
        keys: Where they may stand in that stack's output `credentials`.
    """

    stack: str
    keys: Sequence[str]

    def outputs(self) -> Mapping[str, Any]:
        """The owner's outputs, those that are not secret."""
        return owner_credentials.outputs_of(self.stack)

    def credentials(self) -> dict[str, str]:
        """The resource's credentials."""
        return owner_credentials.credentials_of(self.stack, self.keys)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceConnectionArgs:
    """Input form of :class:`infra.clients.service_connection.ServiceConnection`, of all endpoints of a service.

    Attributes:
        endpoints: Addresses for clients by use, as in the stack's output `endpoints`; the first is the one that
            resources talk to. Each is known when the service is ready.
        credentials: What the stack gives out; secret.
        ca_certificate: CA certificate (PEM) of the endpoints; empty for plain HTTP.
        owner: Whose credentials resources use instead of `credentials`, without keeping them.
    """

    endpoints: Mapping[str, pulumi.Output[str]]
    credentials: pulumi.Output[dict[str, str]]
    ca_certificate: pulumi.Input[str]
    owner: Owner | None = None

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """Address of the first use."""
        return next(iter(self.endpoints.values()))

    def to_input(self, *after: pulumi.Output[Any]) -> pulumi.Output[dict[str, Any]]:
        """The connection as one secret property of a resource.

        Args:
            after: What has to be known before the resource may use the connection.
        """
        credentials: pulumi.Input[dict[str, str]] = {} if self.owner else self.credentials
        owner = {"owner": {"stack": self.owner.stack, "keys": list(self.owner.keys)}} if self.owner else {}
        known = pulumi.Output.all(self.endpoint, credentials, self.ca_certificate, *after)
        return pulumi.Output.secret(
            known.apply(lambda v: {"endpoint": v[0], "credentials": v[1], "ca_certificate": v[2], **owner})
        )
