"""What the containers of a deployment have of the identity of their endpoint, before it is a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlw.client_environment.trusted_certificates import trusted_here

_DIGITS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """What the containers of one deployment get.

    Attributes:
        variables: Environment variables of the server, named as those of jobs.
        login: How their first process logs in to the key vault; None without rights there.
        certificates: CA certificates (PEM) of the services; empty without TLS.
    """

    variables: Mapping[str, str] = field(repr=False)
    login: Mapping[str, str] | None = field(repr=False)
    certificates: str

    @property
    def digest(self) -> str:
        """Tells whether containers have what the identity has now. Nobody can search random credentials for it."""
        text = json.dumps([dict(self.variables), self.login and dict(self.login), self.certificates], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

    @property
    def bundle(self) -> str:
        """All certificates that clients trust: those of the services, and those that this machine does."""
        return "\n".join((self.certificates.strip(), trusted_here())) + "\n"
