"""The services of a workspace: each fact about a service is declared here, once.

Used by components to create containers, by the ready gate and `mlw diagnose` for probes, and by `make up` and `mlw keys
rotate` for their output. Independent of Pulumi, so that `mlw` need not load its SDK.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

Credentials = Mapping[str, str]

WORKSPACE_SECTION = "workspace"
"""Section of services that belong to the workspace itself, not to a resource that its record names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpProbe:
    """A probe with `GET path`, and the status codes that mean ready."""

    path: str
    expected: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One port that a service publishes.

    Attributes:
        use: Key in the stack's output `endpoints`.
        title: Display name.
        port: Port in the container.
        probe: Readiness probe; None if accepting a connection is enough.
        availability: Probe for requests every minute, if the readiness probe would look like a failure there.
        has_scheme: False for a registry, whose address is the prefix of image names.
    """

    use: str
    title: str
    port: int
    probe: HttpProbe | None = None
    availability: HttpProbe | None = None
    has_scheme: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialsProbe:
    """A request to the first endpoint that succeeds (200) only with the stack's credentials."""

    path: str
    headers: Callable[[Credentials], dict[str, str]]
    method: str = "GET"


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service.

    Attributes:
        name: Its unique name; key in the stack file's `limits`.
        section: Section of the stack file, and key in the workspace record, of the resource that it belongs to.
        title: Display name.
        engine_role: Suffix of its container's name.
        image: Its image in `images.toml`.
        volumes: Suffix of a volume's name to its folder in the container. Configuration is on `config`.
        credentials_key: Key in the stack's output `credentials`, and name of the service on the command line.
        endpoints: The ports that it publishes; clients use the first one.
        credentials_probe: Verifies its credentials; None if a client library does.
        rotation_effect: Effect of rotating its credentials on clients; empty if it has no credentials.
        is_optional: Whether a stack has it only if its stack file has a section of its name.
    """

    name: str
    section: str
    title: str
    engine_role: str
    image: str
    volumes: Mapping[str, str]
    credentials_key: str
    endpoints: tuple[Endpoint, ...]
    credentials_probe: CredentialsProbe | None = None
    rotation_effect: str = ""
    is_optional: bool = False

    def resource_id(self, record: Mapping[str, Any]) -> str:
        """Id of the resource that it belongs to, in a workspace's record."""
        return str(record["id" if self.section == WORKSPACE_SECTION else self.section])

    @property
    def has_credentials(self) -> bool:
        """Whether clients use credentials of the stack; without, it is not in the stack's output `credentials`."""
        return bool(self.rotation_effect)

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
_HEALTHZ = HttpProbe(path="/healthz", expected=frozenset({200}))
_ALIVE = HttpProbe(path="/", expected=frozenset({200}))
"""The registry sends a span for every request, and a response of 401 would count as a failed one."""

DRIVES = 4
"""Drives of one storage account; with four, MinIO uses two for parity and tolerates the loss of two (docs/adr/0003)."""

STORAGE_ACCOUNT = Service(
    name="storageAccount",
    section="storageAccount",
    title="storage account",
    engine_role="storage",
    image="minio",
    volumes={**{f"data{n}": f"/data{n}" for n in range(1, DRIVES + 1)}, "config": "/etc/minio"},
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
"""An additional account appends its name to the use and the credentials key: `storage.<name>`."""

CONTAINER_REGISTRY = Service(
    name="containerRegistry",
    section="containerRegistry",
    title="container registry",
    engine_role="registry",
    image="registry",
    volumes={"data": "/var/lib/registry", "config": "/etc/distribution"},
    credentials_key="registry",
    endpoints=(
        Endpoint(
            use="registry",
            title="container registry",
            port=5000,
            probe=_ASKS_FOR_CREDENTIALS,
            availability=_ALIVE,
            has_scheme=False,
        ),
        Endpoint(
            use="registryReadOnly",
            title="container registry (pull only)",
            port=5001,
            probe=_ASKS_FOR_CREDENTIALS,
            availability=_ALIVE,
            has_scheme=False,
        ),
    ),
    credentials_probe=CredentialsProbe(path="/v2/", headers=_basic),
    rotation_effect="clients must log in again",
)

UNSEAL_FOLDER = "/vault/unseal"
"""Folder of the unseal key in the key vault's container, on a separate volume."""

KEY_VAULT = Service(
    name="keyVault",
    section="keyVault",
    title="key vault",
    engine_role="vault",
    image="vault",
    volumes={"data": "/vault/file", "config": "/vault/config", "unseal": UNSEAL_FOLDER, "logs": "/vault/logs"},
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
    rotation_effect="the old token is revoked immediately",
)
"""Status of `/v1/sys/health`: 200 initialised, unsealed and active; 429 standby; 501 not initialised; 503 sealed."""

APPLICATION_INSIGHTS = Service(
    name="applicationInsights",
    section="applicationInsights",
    title="application insights",
    engine_role="insights",
    image="collector",
    volumes={"data": "/var/lib/otelcol", "config": "/etc/otelcol"},
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

INSIGHTS_STORE = Service(
    name="insightsStore",
    section=APPLICATION_INSIGHTS.section,
    title="insights store",
    engine_role="insights-store",
    image="insights",
    volumes={"data": "/var/lib/insights", "config": "/etc/insights"},
    credentials_key="insights",
    endpoints=(Endpoint(use="insights", title="application insights (queries)", port=4320, probe=_HEALTHZ),),
    credentials_probe=CredentialsProbe(path="/v1/status", headers=_bearer),
    rotation_effect="clients that query need the new token",
)
"""The second container of application insights: keeps what the collector has received, and runs queries over it."""

TRACKING = Service(
    name="tracking",
    section=WORKSPACE_SECTION,
    title="tracking server",
    engine_role="tracking",
    image="tracking",
    volumes={"data": "/var/lib/tracking", "config": "/etc/tracking"},
    credentials_key="tracking",
    endpoints=(
        Endpoint(
            use="tracking",
            title="tracking server (MLflow)",
            port=5000,
            probe=HttpProbe(path="/health", expected=frozenset({200})),
        ),
    ),
    credentials_probe=CredentialsProbe(path="/api/2.0/mlflow/experiments/search?max_results=1", headers=_basic),
    rotation_effect="clients must log in again",
    is_optional=True,
)
"""Experiments, runs and the model registry of the workspace."""

INFERENCE = Service(
    name="inference",
    section=WORKSPACE_SECTION,
    title="front of the online endpoints",
    engine_role="inference",
    image="inference",
    volumes={"data": "/var/lib/inference", "config": "/etc/inference"},
    credentials_key="inference",
    endpoints=(Endpoint(use="inference", title="online endpoints", port=8080, probe=_HEALTHZ),),
    is_optional=True,
)
"""What clients of the online endpoints talk to. The keys are those of each endpoint, not of the stack."""

_OF_RESOURCES = (STORAGE_ACCOUNT, CONTAINER_REGISTRY, KEY_VAULT, APPLICATION_INSIGHTS, INSIGHTS_STORE)
SERVICES: Mapping[str, Service] = {service.name: service for service in (*_OF_RESOURCES, TRACKING, INFERENCE)}
"""Every service by its name. A resource may have several, each in its own container."""

REQUIRED = tuple(service for service in SERVICES.values() if not service.is_optional)
"""The services that every stack has."""

WITHOUT_SCHEME = frozenset(
    endpoint.use for service in SERVICES.values() for endpoint in service.endpoints if not endpoint.has_scheme
)
"""Uses whose address is only host and port."""


def services_at(endpoints: Container[str]) -> list[Service]:
    """The services that a stack has, by its output `endpoints`.

    Without an optional service that is off, and without one that the stack has not been updated for.
    """
    return [service for service in SERVICES.values() if service.endpoints[0].use in endpoints]
