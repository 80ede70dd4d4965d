"""Application insights: an OpenTelemetry collector that receives traces, metrics and logs, and the insights store.

The collector acknowledges a request after it is fsynced to a queue on disk, and sends it from there to the store, which
keeps it in files and runs queries over them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import service_images
from infra.components import insights_store
from infra.components.assets import asset
from infra.components.component import ServiceComponent
from infra.components.insights_store import store_container
from infra.components.provisioning_context import ProvisioningContext, TelemetryTarget
from infra.components.service_container import CA_CERTIFICATE, CERTIFICATE, PRIVATE_KEY, ServiceContainer, run
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.rules.resources import component_types
from infra.services import APPLICATION_INSIGHTS, INFERENCE, INSIGHTS_STORE, TRACKING
from infra.settings import ApplicationInsightsSettings

TOKENS = "tokens"
"""Live file with a token and its owner on each line; removing a token revokes it immediately."""

STORE_TOKEN = "store-token"  # noqa: S105 - the name of a file
"""File with the collector's token for the store."""

OWN_METRICS_SECONDS = 300
"""Interval of the collector's own metrics: enough to see a queue grow, at a few megabytes per month."""

STATSD_SECONDS = 60
"""Aggregation interval of StatsD metrics."""

MAXIMUM_REQUEST_MIB = 4
"""Maximum size of a request, decompressed; the default of OTLP over gRPC, here for both protocols.

A dozen concurrent requests of this size fit into the container's memory."""

QUEUE_MIB = 1024
"""Maximum size of the queue of each signal: half an hour at 2000 spans per second while the store is away."""

_FOLDER = APPLICATION_INSIGHTS.volumes["config"]
_TLS = f'tls: {{cert_file: {_FOLDER}/{CERTIFICATE}, key_file: {_FOLDER}/{PRIVATE_KEY}, min_version: "1.2"}}, '

_FORWARD = """\
  # Never in the way of the queue above: nothing is tried again, so that this one does not fill up while nobody listens.
  otlp_http/forward:
    metrics_endpoint: "{url}"
    timeout: 5s
    sending_queue:
      sizer: bytes
      queue_size: 16777216
      batch: {{sizer: bytes, flush_timeout: 1s, min_size: 262144}}
    retry_on_failure: {{enabled: false}}
"""


class ApplicationInsights(ServiceComponent):
    """One application insights component.

    Owns: the collector's container and volumes (queue, configuration), the store's container and volumes (telemetry,
    configuration), the tokens of the stack and of its own services for both.
    Guarantees: a request is acknowledged after it is on disk; sending and querying require different tokens. StatsD,
    which has no authentication, is accepted only from the stack's own network.

    Pulumi type: ``ml-workspace:insights:ApplicationInsights``
    Ready when:  OTLP over HTTP responds with 401 to a request without token, OTLP over gRPC accepts a connection, and
        ``GET /healthz`` of the store returns 200.
    """

    type_token = component_types.APPLICATION_INSIGHTS
    services = (APPLICATION_INSIGHTS, INSIGHTS_STORE)

    def __init__(self, settings: ApplicationInsightsSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(settings, parent=parent)
        self._settings = settings

    def telemetry_target(
        self, *, after: pulumi.Resource, network: str, tracking: bool = False, inference: bool = False
    ) -> TelemetryTarget | None:
        """Generate the tokens, and return the address to which the stack's services send telemetry.

        Args:
            after: Resource that the tokens depend on.
            network: Name of the stack's network.
            tracking: Whether there is a tracking server, which has a token of its own.
            inference: Whether there is a front of the online endpoints, which has one too.

        Returns:
            None if the name of its container is too long for a host name.
        """
        optional = [service.name for service, is_on in ((TRACKING, tracking), (INFERENCE, inference)) if is_on]
        self._ingestion = GeneratedSecrets(
            f"{self.resource_name}-ingestion",
            lengths={"token": 40, "services": 40, **dict.fromkeys(optional, 40)},
            # The others are internal, and their services would need a restart. The front reads its token again.
            rotating=["token", *([INFERENCE.name] if inference else ())],
            rotates=rotation.service(APPLICATION_INSIGHTS.credentials_key),
            opts=self.child_options(after=after),
        )
        host = self.host_name(APPLICATION_INSIGHTS, network)
        return (
            TelemetryTarget(
                host=host,
                token=self._ingestion.value("services"),
                tracking_token=self._ingestion.value(TRACKING.name) if tracking else None,
                inference_token=self._ingestion.value(INFERENCE.name) if inference else None,
            )
            if host
            else None
        )

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create both containers, neither of which waits for the other one, and wait until they are ready."""
        queries = GeneratedSecrets(
            f"{self.resource_name}-queries",
            lengths={"token": 40, "collector": 40},
            rotating=["token"],  # the other one is internal, and the collector would need a restart
            rotates=rotation.service(INSIGHTS_STORE.credentials_key),
            opts=self.child_options(after=context.reservation),
        )
        collector = run(self, _collector(self._ingestion, queries, self._configuration(context), context), context)
        store = run(self, store_container(self._settings, queries, context), context)
        return self.connected(
            *(
                ServiceConnectionArgs(
                    endpoints=self.ready(service, container, context),
                    credentials=tokens.value("token").apply(lambda token: {"token": token}),
                    ca_certificate=context.ca_certificate,
                )
                for service, container, tokens in (
                    (APPLICATION_INSIGHTS, collector, self._ingestion),
                    (INSIGHTS_STORE, store, queries),
                )
            )
        )

    def _configuration(self, context: ProvisioningContext) -> pulumi.Input[str]:
        """The collector's; with TLS it has the name that is in the store's certificate."""
        name, forward = self.container_name(INSIGHTS_STORE), self._settings.forward_metrics_to
        if context.certificates is None:
            return config(forward_metrics_to=forward)
        return context.network.apply(
            lambda network: config(store_tls_name=f"{name}.{network}".lower(), forward_metrics_to=forward)
        )


def _collector(
    ingestion: GeneratedSecrets,
    queries: GeneratedSecrets,
    configuration: pulumi.Input[str],
    context: ProvisioningContext,
) -> ServiceContainer:
    return ServiceContainer(
        service=APPLICATION_INSIGHTS,
        command=[service_images.table()[APPLICATION_INSIGHTS.image].binary, f"--config={_FOLDER}/config.yaml"],
        files={
            "config.yaml": configuration,
            STORE_TOKEN: queries.value("collector"),
        },
        live_files={TOKENS: _token_file(ingestion, context)},
        memory_mib=256,
    )


def config(
    *,
    own_metrics_seconds: int = OWN_METRICS_SECONDS,
    statsd_seconds: int = STATSD_SECONDS,
    queue_mib: float = QUEUE_MIB,
    store: str = f"{insights_store.HOST}:{INSIGHTS_STORE.endpoints[0].port}",
    store_tls_name: str = "",
    forward_metrics_to: str = "",
) -> str:
    """The collector's configuration.

    Args:
        own_metrics_seconds: Interval of its own metrics.
        statsd_seconds: Interval of StatsD's metrics.
        queue_mib: Maximum size of the queue of each signal.
        store: Host and port of the store.
        store_tls_name: Name in the store's certificate; empty if the stack has no TLS.
        forward_metrics_to: Where metrics are sent to, too; empty for nowhere.
    """
    verified = f'{{ca_file: {_FOLDER}/{CA_CERTIFICATE}, server_name_override: {store_tls_name}, min_version: "1.2"}}'
    return asset(
        "collector.yaml",
        tls=_TLS if store_tls_name else "",
        request_mib=str(MAXIMUM_REQUEST_MIB),
        request_bytes=str(MAXIMUM_REQUEST_MIB * 2**20),
        own_metrics_milliseconds=str(own_metrics_seconds * 1000),
        statsd_seconds=str(statsd_seconds),
        queue_bytes=str(int(queue_mib * 2**20)),
        store=f"{'https' if store_tls_name else 'http'}://{store}",
        store_tls=verified if store_tls_name else "{insecure: true}",
        forward=_FORWARD.format(url=forward_metrics_to) if forward_metrics_to else "",
        also=", otlp_http/forward" if forward_metrics_to else "",
    )


def _token_file(tokens: GeneratedSecrets, context: ProvisioningContext) -> pulumi.Output[str]:
    known = {"(stack)": tokens.value("token"), "(services)": tokens.value("services")}
    if context.telemetry and context.telemetry.tracking_token:
        known["(tracking)"] = context.telemetry.tracking_token
    if context.telemetry and context.telemetry.inference_token:
        known["(inference)"] = context.telemetry.inference_token
    senders = (one for one in context.principals if one.telemetry)
    known |= {one.name: one.secrets.apply(lambda secrets: secrets["telemetry"]) for one in senders}
    return pulumi.Output.all(**known).apply(
        lambda found: "".join(f"{token} {owner}\n" for owner, token in found.items())
    )
