"""Container registry: images and other OCI artifacts, served by the OCI distribution registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi

from infra import services
from infra.components.assets import asset
from infra.components.component import ServiceComponent
from infra.components.principal import Principal
from infra.components.provisioning_context import ProvisioningContext
from infra.components.service_container import CA_CERTIFICATE, CERTIFICATE, PRIVATE_KEY, ServiceContainer, run
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.rules.resources.component_types import CONTAINER_REGISTRY

PULL_USERS, PUSH_USERS = "htpasswd-pull", "htpasswd-push"
"""Live files: the users of the pull-only registry, and of the registry that accepts pushes."""

_FOLDER = "/etc/distribution"
_TLS = f"tls: {{certificate: {_FOLDER}/{CERTIFICATE}, key: {_FOLDER}/{PRIVATE_KEY}, minimumtls: tls1.2}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """One registry process of the container."""

    port: int
    users: str
    writable: bool


_PUSH, _PULL = (endpoint.port for endpoint in services.CONTAINER_REGISTRY.endpoints)

REGISTRIES: Mapping[str, Registry] = {
    "readwrite.yml": Registry(port=_PUSH, users=PUSH_USERS, writable=True),
    "readonly.yml": Registry(port=_PULL, users=PULL_USERS, writable=False),
    # Replaces the first one during garbage collection.
    "collecting.yml": Registry(port=_PUSH, users=PUSH_USERS, writable=False),
}
"""Maps each configuration file to its registry."""


class ContainerRegistry(ServiceComponent):
    """One container registry.

    Owns: a volume with the images, one container, the admin user's generated password.
    Guarantees: every request requires credentials; users that may only pull have access only to the read-only
    registry; removing a user revokes access immediately. `endpoints` are known when it is ready.

    Pulumi type: ``ml-workspace:containerregistry:ContainerRegistry``
    Ready when:  ``GET /v2/`` returns 401 at both ports.
    """

    type_token = CONTAINER_REGISTRY
    services = (services.CONTAINER_REGISTRY,)

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the volumes and the container, and wait until the registry asks for credentials."""
        name = self.resource_name
        admin = GeneratedSecrets(
            f"{name}-admin",
            lengths={"password": 32, "httpSecret": 32},
            hashed=("password",),
            rotating=("password",),  # users are reloaded; the other secret would need a restart
            rotates=rotation.service(services.CONTAINER_REGISTRY.credentials_key),
            opts=self.child_options(after=context.reservation),
        )
        container = run(self, _container(name, admin, context), context)
        connection = ServiceConnectionArgs(
            endpoints=self.ready(services.CONTAINER_REGISTRY, container, context),
            credentials=admin.values.apply(lambda v: {"username": name, "password": v["password"]}),
            ca_certificate=context.ca_certificate,
        )
        return self.connected(connection)


def _container(name: str, admin: GeneratedSecrets, context: ProvisioningContext) -> ServiceContainer:
    known = [principal for principal in context.principals if principal.registry != "none"]
    secret, tls = admin.value("httpSecret"), context.certificates is not None
    return ServiceContainer(
        service=services.CONTAINER_REGISTRY,
        command=["/bin/sh", f"{_FOLDER}/start.sh"],
        files={
            "start.sh": asset("registry-start.sh"),
            "collect.sh": asset("registry-collect.sh"),
            **{file: _config(secret, registry, tls=tls) for file, registry in REGISTRIES.items()},
            **({"telemetry-token": context.telemetry.token} if context.telemetry else {}),
        },
        live_files={
            PULL_USERS: _users(name, admin, known),
            PUSH_USERS: _users(name, admin, [one for one in known if one.registry == "push"]),
        },
        environment=_tracing(name, context),
        memory_mib=512,
    )


def _tracing(name: str, context: ProvisioningContext) -> dict[str, str]:
    """Export of traces. By default, the registry sends them to a collector on localhost, and floods its log."""
    if context.telemetry is None:
        return {"OTEL_TRACES_EXPORTER": "none"}
    verified = {"OTEL_EXPORTER_OTLP_CERTIFICATE": f"{_FOLDER}/{CA_CERTIFICATE}"} if context.certificates else {}
    return {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{'https' if verified else 'http'}://{context.telemetry.otlp_http}",
        "OTEL_SERVICE_NAME": name,
        **verified,
    }


def _config(http_secret: pulumi.Output[str], registry: Registry, *, tls: bool) -> pulumi.Output[str]:
    return http_secret.apply(lambda secret: config(secret, registry, tls=tls))


def config(http_secret: str, registry: Registry, *, tls: bool = False) -> str:
    """One registry's configuration. Only the writable one caches blobs: the other would not notice their deletion."""
    return asset(
        "registry.yml",
        http_secret=http_secret,
        port=str(registry.port),
        users=f"{_FOLDER}/live/{registry.users}",
        writable=str(registry.writable).lower(),
        readonly=str(not registry.writable).lower(),
        cache="cache: {blobdescriptor: inmemory}" if registry.writable else "",
        tls=_TLS if tls else "",
    )


def _users(name: str, admin: GeneratedSecrets, principals: Iterable[Principal]) -> pulumi.Output[str]:
    """Content of a file with user names and bcrypt hashes."""
    hashes = {name: admin.value("passwordBcrypt")}
    hashes |= {one.name: one.secrets.apply(lambda secrets: secrets["registryBcrypt"]) for one in principals}
    return pulumi.Output.all(**hashes).apply(
        lambda known: "".join(f"{user}:{hashed}\n" for user, hashed in known.items())
    )
