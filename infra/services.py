"""The services behind a workspace: each fact about one is declared here, once.

Components make containers from it, the ready gate and `mlw diagnose` probe by it, `make up` and `mlw keys rotate` take
their words from it. No Pulumi: `mlw` reads it without loading the engine's SDK.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Credentials = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpProbe:
    """`GET path`, and the status codes that mean ready."""

    path: str
    expected: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One port that a service publishes.

    Attributes:
        use: Key in the stack's output `endpoints`.
        title: What people call it.
        port: Port in the container.
        probe: How it responds when it is ready; None where an accepted connection is enough.
        has_scheme: False for a registry, whose address is the first part of an image's name.
    """

    use: str
    title: str
    port: int
    probe: HttpProbe | None = None
    has_scheme: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialsProbe:
    """A request at the first endpoint that succeeds (200) only with the stack's credentials."""

    path: str
    headers: Callable[[Credentials], dict[str, str]]
    method: str = "GET"


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service of one kind.

    Attributes:
        section: Its section of the stack file, and its key in the workspace record.
        title: What people call it.
        engine_role: Suffix of its container's name.
        image: Its image in `images.toml`.
        credentials_key: Key in the stack's output `credentials`.
        endpoints: The ports that it publishes; the first one is what clients talk to.
        credentials_probe: How its credentials are tried; None where a client library does it.
        rotation_effect: What its clients notice when its credentials are rotated.
    """

    section: str
    title: str
    engine_role: str
    image: str
    credentials_key: str
    endpoints: tuple[Endpoint, ...]
    credentials_probe: CredentialsProbe | None = None
    rotation_effect: str

    @property
    def readiness(self) -> HttpProbe:
        """The probe of the first endpoint."""
        probe = self.endpoints[0].probe
        if probe is None:
            raise ValueError(f"the first endpoint of the {self.title} has no probe")
        return probe


def _basic(credentials: Credentials) -> dict[str, str]:
    pair = f"{credentials['username']}:{credentials['password']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _vault_token(credentials: Credentials) -> dict[str, str]:
    return {"X-Vault-Token": credentials["token"]}


def _bearer(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['token']}", "Content-Type": "application/json"}


_ASKS_FOR_CREDENTIALS = HttpProbe(path="/v2/", expected=frozenset({401}))

STORAGE_ACCOUNT = Service(
    section="storageAccount",
    title="storage account",
    engine_role="storage",
    image="minio",
    credentials_key="storage",
    endpoints=(
        Endpoint(
            use="storage",
            title="storage account",
            port=9000,
            probe=HttpProbe(path="/minio/health/cluster", expected=frozenset({200})),
        ),
    ),
    rotation_effect="its container restarts, so requests fail for about a second",
)
"""An additional account adds its name to use and credentials key, `storage.<name>`."""

CONTAINER_REGISTRY = Service(
    section="containerRegistry",
    title="container registry",
    engine_role="registry",
    image="registry",
    credentials_key="registry",
    endpoints=(
        Endpoint(use="registry", title="container registry", port=5000, probe=_ASKS_FOR_CREDENTIALS, has_scheme=False),
        Endpoint(
            use="registryReadOnly",
            title="container registry (pull only)",
            port=5001,
            probe=_ASKS_FOR_CREDENTIALS,
            has_scheme=False,
        ),
    ),
    credentials_probe=CredentialsProbe(path="/v2/", headers=_basic),
    rotation_effect="clients have to log in anew",
)

KEY_VAULT = Service(
    section="keyVault",
    title="key vault",
    engine_role="vault",
    image="vault",
    credentials_key="keyVault",
    endpoints=(
        Endpoint(
            use="keyVault",
            title="key vault",
            port=8200,
            probe=HttpProbe(path="/v1/sys/health", expected=frozenset({200})),
        ),
    ),
    credentials_probe=CredentialsProbe(path="/v1/auth/token/lookup-self", headers=_vault_token),
    rotation_effect="the old token is refused from now on",
)
"""Status of `/v1/sys/health`: 200 initialised, unsealed and active; 429 standby; 501 not initialised; 503 sealed."""

APPLICATION_INSIGHTS = Service(
    section="applicationInsights",
    title="application insights",
    engine_role="insights",
    image="collector",
    credentials_key="telemetry",
    endpoints=(
        Endpoint(
            use="otlpHttp",
            title="application insights (OTLP/HTTP)",
            port=4318,
            probe=HttpProbe(path="/v1/traces", expected=frozenset({401})),
        ),
        Endpoint(use="otlpGrpc", title="application insights (OTLP/gRPC)", port=4317),
    ),
    credentials_probe=CredentialsProbe(path="/v1/traces", headers=_bearer, method="POST"),
    rotation_effect="exporters need the new token",
)

UNSEAL_FOLDER = "/vault/unseal"
"""Where the key vault's container has the unseal key, on a volume of its own."""

SERVICES: Mapping[str, Service] = {
    service.section: service for service in (STORAGE_ACCOUNT, CONTAINER_REGISTRY, KEY_VAULT, APPLICATION_INSIGHTS)
}
"""Every service by its section."""

WITHOUT_SCHEME = frozenset(
    endpoint.use for service in SERVICES.values() for endpoint in service.endpoints if not endpoint.has_scheme
)
"""Uses whose address is host and port alone."""
