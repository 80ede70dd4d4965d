"""A collector and an insights store of their own, configured as application insights, and a client of both."""

import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from docker import DockerClient
from docker.models.containers import Container

from infra import service_images, settings
from infra.clients.engine import volume_writer
from infra.components import insights_store
from infra.components.application_insights import STORE_TOKEN, TOKENS, config
from infra.services import APPLICATION_INSIGHTS, INSIGHTS_STORE, Service
from tests.support.insights import InsightsClient
from tests.support.probes import probe_until

SECONDS = 15
OWN, OTHER, QUERIES, COLLECTORS = "token-of-the-stack", "token-of-a-principal", "token-of-queries", "token-of-collector"
_NAMES = {
    "traces": "SELECT name FROM spans WHERE contains(name, '{}')",
    "metrics": "SELECT DISTINCT name FROM customMetrics WHERE contains(name, '{}')",
    "logs": "SELECT message FROM traces WHERE contains(message, '{}')",
}
_MINIMAL = {
    "ml-workspace:workload": "churn",
    "ml-workspace:tags": '{"owner": "a@example.org", "cost-center": "4711", "project": "churn"}',
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """One collector with its store, and what a client knows of them."""

    container: Container
    store: Container
    engine: DockerClient

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container.name)

    def send(self, span: str, *, token: str = OWN) -> int:
        """Send one span; return the status."""
        return self.send_to(self.port(), span, token=token)

    def port(self, inner: int = 4318) -> str:
        """Return the port on the host, which changes with every start."""
        return str(self.engine.api.port(self.name, inner)[0]["HostPort"])

    @staticmethod
    def send_to(port: str, span: str, *, token: str = OWN) -> int:
        """Send one span to a known port."""
        now = str(time.time_ns())
        identity = {"traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16]}
        spans = [{**identity, "name": span, "kind": 1, "startTimeUnixNano": now, "endTimeUnixNano": now}]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}/v1/traces"
        return requests.post(url, json=body, headers=headers, timeout=SECONDS).status_code

    def inspected(self) -> dict[str, Any]:
        """Return the engine's current inspection of the container."""
        return dict(self.engine.api.inspect_container(self.name))

    @property
    def insights(self) -> InsightsClient:
        """A client that queries the store."""
        port = self.engine.api.port(str(self.store.name), INSIGHTS_STORE.endpoints[0].port)[0]["HostPort"]
        return InsightsClient(url=f"http://127.0.0.1:{port}", token=QUERIES)

    def kept(self, signal: str, text: str) -> list[str]:
        """Return the names of a signal's records that contain a text."""
        return [str(name) for name in self.insights.column(_NAMES[signal].format(text))]

    def spans(self) -> Counter[str]:
        """Count the kept spans by name."""
        return Counter(dict(self.insights.rows("SELECT name, count(*) FROM spans GROUP BY name")))

    def let_in(self, *tokens: str) -> None:
        """Replace the file of tokens as an update does."""
        content = "".join(f"{token} somebody\n" for token in tokens).encode()
        carrier = volume_writer.Carrier(image=service_images.table()["collector"].image, labels={})
        volume_writer.write(
            f"{self.name}-config", {}, {TOKENS: content}, carrier=carrier, owner=(10001, 10001), in_use=True
        )


@contextmanager
def running_collector(
    engine: DockerClient,
    *,
    data: Mapping[str, str] | None = None,
    store_data: Mapping[str, str] | None = None,
    queue_mib: float = 64,
    network_options: Mapping[str, Any] | None = None,
    forward_port: int = 0,
) -> Iterator[Collector]:
    """Run a collector that reports its own and StatsD's metrics every second, and its store.

    Args:
        engine: Where they run.
        data: Options of the driver of the volume with the collector's data.
        store_data: The same for the store.
        queue_mib: Maximum size of the collector's queue.
        network_options: Arguments that create their network.
        forward_port: Port of this machine that metrics are forwarded to; 0 for none.
    """
    name = f"t{uuid.uuid4().hex[:8]}"
    stores = insights_store.config(settings.load(_MINIMAL, stack="dev").application_insights, [])
    with ExitStack() as cleanup:
        network = engine.networks.create(name, **(network_options or {}))
        cleanup.callback(network.remove)
        network.reload()
        forward = f"http://{network.attrs['IPAM']['Config'][0]['Gateway']}:{forward_port}/v1/metrics"
        collectors = config(
            own_metrics_seconds=1,
            statsd_seconds=1,
            queue_mib=queue_mib,
            forward_metrics_to=forward if forward_port else "",
        )
        store = _run(
            engine,
            cleanup,
            INSIGHTS_STORE,
            f"{name}-insights-store",
            files={"config.json": stores.encode()},
            tokens=f"{QUERIES} (stack) read\n{COLLECTORS} (collector) write\n",
            network=name,
            data=store_data,
        )
        container = _run(
            engine,
            cleanup,
            APPLICATION_INSIGHTS,
            f"{name}-insights",
            files={"config.yaml": collectors.encode(), STORE_TOKEN: COLLECTORS.encode()},
            tokens=f"{OWN} (stack)\n{OTHER} rita\n",
            network=name,
            data=data,
        )
        found = Collector(container=container, store=store, engine=engine)
        probe_until(lambda: found.send("first"), what="a collector")
        yield found


def _run(
    engine: DockerClient,
    cleanup: ExitStack,
    service: Service,
    name: str,
    *,
    files: Mapping[str, bytes],
    tokens: str,
    network: str,
    data: Mapping[str, str] | None = None,
) -> Container:
    """Run one container as its component does."""
    image = service_images.table()[service.image]
    for part in service.volumes:
        volume = engine.volumes.create(f"{name}-{part}", driver_opts=dict(data or {}) if part == "data" else {})
        cleanup.callback(volume.remove, force=True)
    carrier = volume_writer.Carrier(image=image.image, labels={})
    live = {TOKENS: tokens.encode()}
    volume_writer.write(f"{name}-config", files, live, carrier=carrier, owner=(int(image.uid), int(image.gid)))
    container = engine.containers.create(
        image.image,
        [f"--config={service.volumes['config']}/{next(iter(files))}"],
        entrypoint=[image.binary],
        name=name,
        user=image.user,
        read_only=True,
        cap_drop=["ALL"],
        tmpfs={"/tmp": "rw"},
        mem_limit="256m" if service is APPLICATION_INSIGHTS else "192m",
        ports={f"{endpoint.port}/tcp": ("127.0.0.1", 0) for endpoint in service.endpoints},
        volumes={f"{name}-{part}": {"bind": path} for part, path in service.volumes.items()},
    )
    cleanup.callback(container.remove, force=True, v=True)
    aliases = [insights_store.HOST] if service is INSIGHTS_STORE else []
    engine.networks.get(network).connect(container, aliases=aliases)
    container.start()
    return container
