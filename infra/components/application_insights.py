"""Application insights: traces, metrics and logs over OTLP, taken by an OpenTelemetry collector into durable files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi

from infra import images
from infra.components.assets import asset
from infra.components.base import ServiceComponent, Site
from infra.components.service import Service, run
from infra.resources.generated_secrets import GeneratedSecrets
from infra.resources.ready_gate import ReadyGate
from infra.rules.resources import APPLICATION_INSIGHTS
from infra.settings import ApplicationInsightsSettings

USE_GRPC = "otlpGrpc"
USE_HTTP = "otlpHttp"


class ApplicationInsights(ServiceComponent):
    """One application insights component.

    Owns: a volume with the telemetry, one container, the ingestion token.
    Guarantees: what was acknowledged is in a file that outlives the container; nothing is taken without the token.

    Pulumi type: ``ml-workspace:insights:ApplicationInsights``
    Ready when:  OTLP over HTTP answers 401 to a request without token, and OTLP over gRPC accepts a connection.
    """

    type_token = APPLICATION_INSIGHTS
    engine_role = "insights"
    volumes: ClassVar[Mapping[str, str]] = {"data": "/var/lib/otelcol", "config": "/etc/otelcol"}
    credentials_key = "telemetry"
    uses = (USE_GRPC, USE_HTTP)

    def __init__(self, settings: ApplicationInsightsSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._retention_days = settings.retention_in_days

    def provision(self, site: Site) -> None:
        """Make the volumes and the container, and wait until both protocols are served."""
        name = self.resource_name
        ingestion = GeneratedSecrets(
            f"{name}-ingestion", lengths={"token": 40}, opts=self.child_options(after=site.reservation)
        )
        container = run(self, _service(ingestion, self._retention_days), site)
        gate = ReadyGate(
            f"{name}-ready",
            what=f"application insights '{name}'",
            container=self.container_name,
            container_id=container.id,
            endpoint=site.url(USE_HTTP),
            path="/v1/traces",
            expected=(401,),
            others=(site.url(USE_GRPC),),
            opts=self.child_options(deleted_with=container),
        )
        self.endpoints = {USE_GRPC: gate.others.apply(lambda urls: urls[0]), USE_HTTP: gate.endpoint}
        self.credentials = ingestion.values
        self.register_outputs({"endpoints": self.endpoints, "credentials": self.credentials})


def _service(ingestion: GeneratedSecrets, retention_days: int) -> Service:
    return Service(
        image="collector",
        command=[images.table()["collector"].binary, "--config=/etc/otelcol/config.yaml"],
        ports={USE_GRPC: 4317, USE_HTTP: 4318},
        files={
            "config.yaml": asset("collector.yaml", retention_days=str(retention_days)),
            "token": ingestion.value("token"),
        },
        memory_mib=256,
    )
