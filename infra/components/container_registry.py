"""Container registry: images and other OCI artifacts, served by the OCI distribution registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from infra import images
from infra.components.assets import asset
from infra.components.base import ServiceComponent, Site
from infra.components.service import Service, run
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.ready_gate import ReadyGate
from infra.rules.resources import CONTAINER_REGISTRY

USE = "registry"


class ContainerRegistry(ServiceComponent):
    """One container registry.

    Owns: a volume with the images, one container, the admin user's generated password.
    Guarantees: no request is answered without credentials; `endpoints` are known only when it answers.

    Pulumi type: ``ml-workspace:containerregistry:ContainerRegistry``
    Ready when:  ``GET /v2/`` answers 401.
    """

    type_token = CONTAINER_REGISTRY
    engine_role = "registry"
    volumes: ClassVar[Mapping[str, str]] = {"data": "/var/lib/registry", "config": "/etc/distribution"}
    credentials_key = "registry"
    uses = (USE,)

    def provision(self, site: Site) -> None:
        """Make the volumes and the container, and wait until the registry asks for credentials."""
        name = self.resource_name
        admin = GeneratedSecrets(
            f"{name}-admin",
            lengths={"password": 32, "httpSecret": 32},
            hashed=("password",),
            opts=self.child_options(after=site.reservation),
        )
        container = run(self, _service(name, admin), site)
        gate = ReadyGate(
            f"{name}-ready",
            what=f"container registry '{name}'",
            container=self.container_name,
            container_id=container.id,
            endpoint=site.url(USE),
            path="/v2/",
            expected=(401,),
            opts=self.child_options(deleted_with=container),
        )
        self.endpoints = {USE: gate.endpoint.apply(lambda url: url.removeprefix("http://"))}
        self.credentials = admin.values.apply(lambda v: {"username": name, "password": v["password"]})
        self.register_outputs({"endpoints": self.endpoints, "credentials": self.credentials})


def _service(name: str, admin: GeneratedSecrets) -> Service:
    return Service(
        image="registry",
        command=[images.table()["registry"].binary, "serve", "/etc/distribution/config.yml"],
        ports={USE: 5000},
        files={
            "config.yml": admin.value("httpSecret").apply(lambda secret: asset("registry.yml", http_secret=secret)),
            "htpasswd": admin.value("passwordBcrypt").apply(lambda hashed: f"{name}:{hashed}\n"),
        },
        # Without this it sends traces to a collector that is not there and floods its log.
        environment={"OTEL_TRACES_EXPORTER": "none"},
        memory_mib=512,
    )
