"""A connection to a service as an input of resources: the same fields, known when the service is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceConnectionArgs:
    """Input form of :class:`infra.clients.service_connection.ServiceConnection`, of all endpoints of a service.

    Attributes:
        endpoints: Addresses for clients by use, as in the stack's output `endpoints`; the first is the one that
            resources talk to. Each is known when the service is ready.
        credentials: Secret.
        ca_certificate: CA certificate (PEM) of the endpoints; empty for plain HTTP.
    """

    endpoints: Mapping[str, pulumi.Output[str]]
    credentials: pulumi.Output[dict[str, str]]
    ca_certificate: pulumi.Input[str]

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """Address of the first use."""
        return next(iter(self.endpoints.values()))

    def to_input(self, *after: pulumi.Output[Any]) -> pulumi.Output[dict[str, Any]]:
        """The connection as one secret property of a resource.

        Args:
            after: What has to be known before the resource may use the connection.
        """
        known = pulumi.Output.all(self.endpoint, self.credentials, self.ca_certificate, *after)
        return pulumi.Output.secret(
            known.apply(lambda v: {"endpoint": v[0], "credentials": v[1], "ca_certificate": v[2]})
        )
