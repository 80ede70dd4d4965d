"""A connection to a service: everything that a client needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.clients.state import owner_credentials


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceConnection:
    """Address and credentials of a service.

    Attributes:
        endpoint: Base URL, e.g. ``http://127.0.0.1:20001``.
        credentials: As in the stack's output `credentials`: ``accessKey`` and ``secretKey``, ``username`` and
            ``password``, or ``token``; empty for requests without authentication.
        ca_certificate: CA certificate (PEM) to verify the service's certificate with; empty for plain HTTP.
    """

    endpoint: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_certificate: str = field(default="", repr=False)

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> ServiceConnection:
        """Read it from a resource's inputs; credentials of another stack's resource are looked up in that stack."""
        known = {name: inputs[name] for name in cls.__slots__}
        if owner := inputs.get("owner"):
            known["credentials"] = owner_credentials.credentials_of(owner["stack"], owner["keys"])
        return cls(**known)
