"""Application insights: an OpenTelemetry collector that receives traces, metrics and logs over OTLP and stores them.

A request is acknowledged after it is fsynced to a queue on disk, from which it is written to the files. After a kill,
some records may be written twice, with the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pulumi

from infra import service_images, services
from infra.components.assets import asset
from infra.components.component import ServiceComponent
from infra.components.principal import Principal
from infra.components.provisioning_context import ProvisioningContext, TelemetryTarget
from infra.components.service_container import CERTIFICATE, PRIVATE_KEY, ServiceContainer, run
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.rules.resources.component_types import APPLICATION_INSIGHTS
from infra.settings import ApplicationInsightsSettings

TOKENS = "tokens"
"""Live file with a token and its owner on each line; removing a token revokes it immediately."""

OWN_METRICS_SECONDS = 300
"""Interval of the collector's own metrics: enough to see a queue grow, at a few megabytes per month."""

STATSD_SECONDS = 60
"""Aggregation interval of StatsD metrics."""

MAXIMUM_REQUEST_MIB = 4
"""Maximum size of a request, decompressed; the default of OTLP over gRPC, here for both protocols.

A dozen concurrent requests of this size fit into the container's memory, and none of them results in a line longer than
the maximum file size."""

_FOLDER = "/etc/otelcol"
_TLS = f'tls: {{cert_file: {_FOLDER}/{CERTIFICATE}, key_file: {_FOLDER}/{PRIVATE_KEY}, min_version: "1.2"}}, '
_MAXIMUM_LABEL = 63
"""Maximum length of a label of a host name."""


class ApplicationInsights(ServiceComponent):
    """One application insights component.

    Owns: a volume with the telemetry, one container, the ingestion tokens of the stack and of its own services.
    Guarantees: a request is acknowledged after it is on disk; OTLP requires a token. StatsD, which has no
    authentication, is accepted only from the stack's own network.

    Pulumi type: ``ml-workspace:insights:ApplicationInsights``
    Ready when:  OTLP over HTTP responds with 401 to a request without token, and OTLP over gRPC accepts a connection.
    """

    type_token = APPLICATION_INSIGHTS
    services = (services.APPLICATION_INSIGHTS,)

    def __init__(self, settings: ApplicationInsightsSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._retention_days = settings.retention_in_days

    def telemetry_target(self, *, after: pulumi.Resource, network: str) -> TelemetryTarget | None:
        """Generate the tokens, and return the address to which the stack's services send telemetry.

        Returns:
            None if the name of its container is too long for a host name.
        """
        self._tokens = GeneratedSecrets(
            f"{self.resource_name}-ingestion",
            lengths={"token": 40, "services": 40},
            rotating=["token"],  # the other one is internal, and the registry would need a restart
            rotates=rotation.service(services.APPLICATION_INSIGHTS.credentials_key),
            opts=self.child_options(after=after),
        )
        host = f"{self.container_name(services.APPLICATION_INSIGHTS)}.{network}"
        if any(len(label) > _MAXIMUM_LABEL for label in host.split(".")):
            return None
        return TelemetryTarget(host=host, token=self._tokens.value("services"))

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the volumes and the container, and wait until both protocols are ready."""
        container = run(self, _container(self._tokens, context, self._retention_days), context)
        connection = ServiceConnectionArgs(
            endpoints=self.ready(services.APPLICATION_INSIGHTS, container, context),
            credentials=self._tokens.value("token").apply(lambda token: {"token": token}),
            ca_certificate=context.ca_certificate,
        )
        return self.connected(connection)


def _container(tokens: GeneratedSecrets, context: ProvisioningContext, retention_days: int) -> ServiceContainer:
    return ServiceContainer(
        service=services.APPLICATION_INSIGHTS,
        command=[service_images.table()[services.APPLICATION_INSIGHTS.image].binary, f"--config={_FOLDER}/config.yaml"],
        files={"config.yaml": config(retention_days, tls=context.certificates is not None)},
        live_files={TOKENS: _token_file(tokens, context.principals)},
        memory_mib=256,
    )


def config(
    retention_days: int,
    *,
    own_metrics_seconds: int = OWN_METRICS_SECONDS,
    statsd_seconds: int = STATSD_SECONDS,
    tls: bool = False,
) -> str:
    """The collector's configuration."""
    return asset(
        "collector.yaml",
        retention_days=str(retention_days),
        tls=_TLS if tls else "",
        request_mib=str(MAXIMUM_REQUEST_MIB),
        request_bytes=str(MAXIMUM_REQUEST_MIB * 2**20),
        own_metrics_milliseconds=str(own_metrics_seconds * 1000),
        statsd_seconds=str(statsd_seconds),
    )


def _token_file(tokens: GeneratedSecrets, principals: Iterable[Principal]) -> pulumi.Output[str]:
    known = {"(stack)": tokens.value("token"), "(services)": tokens.value("services")}
    known |= {one.name: one.secrets.apply(lambda secrets: secrets["telemetry"]) for one in principals if one.telemetry}
    return pulumi.Output.all(**known).apply(
        lambda found: "".join(f"{token} {owner}\n" for owner, token in found.items())
    )
