"""A real collector, configured as application insights: what it keeps, through kills, and whom it lets in."""

import json
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from docker import DockerClient
from docker.models.containers import Container

from infra import images
from infra.clients import volumes
from infra.components.application_insights import TOKENS, ApplicationInsights, config
from tests.support.engine import read_files
from tests.support.otlp import STORE_FOLDER
from tests.support.probes import probe_during, probe_until

SECONDS = 3
OWN, OTHER = "token-of-the-stack", "token-of-a-principal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """One collector and what a client knows of it."""

    container: Container
    engine: DockerClient

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container.name)

    def send(self, span: str, *, token: str = OWN) -> int:
        """Send one span; return the status."""
        return self.send_to(self.port(), span, token=token)

    def port(self) -> str:
        """Return the port on the host, which is another one after every start."""
        return str(self.engine.api.port(self.name, 4318)[0]["HostPort"])

    @staticmethod
    def send_to(port: str, span: str, *, token: str = OWN) -> int:
        """Send one span to a port that is known already."""
        identity = {"traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16]}
        spans = [{**identity, "name": span, "kind": 1, "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}/v1/traces"
        return requests.post(url, json=body, headers=headers, timeout=SECONDS).status_code

    def inspected(self) -> dict[str, Any]:
        """Return what the engine tells of the container now."""
        return dict(self.engine.api.inspect_container(self.name))

    def kept(self, signal: str) -> list[str]:
        """Return the lines of a signal's files; every one has to be whole JSON."""
        files = read_files(self.engine, self.name, STORE_FOLDER)
        lines = [line for name, content in files.items() if f"/{signal}" in name for line in content.splitlines()]
        return [json.dumps(json.loads(line)) for line in lines]

    def spans(self) -> Counter[str]:
        """Count the kept spans by name."""
        found: Counter[str] = Counter()
        for line in self.kept("traces"):
            for resource in json.loads(line)["resourceSpans"]:
                found.update(span["name"] for scope in resource["scopeSpans"] for span in scope["spans"])
        return found

    def let_in(self, *tokens: str) -> None:
        """Replace the file of tokens as an update does."""
        content = "".join(f"{token} somebody\n" for token in tokens).encode()
        carrier = volumes.Carrier(image=images.table()["collector"].image, labels={})
        volumes.write(f"{self.name}-config", {}, {TOKENS: content}, carrier=carrier, owner=(10001, 10001), in_use=True)


@pytest.fixture(scope="module")
def collector(engine: DockerClient) -> Iterator[Collector]:
    """A collector that tells of itself, and of what StatsD told it, every second."""
    image, name = images.table()["collector"], f"t{uuid.uuid4().hex[:8]}-insights"
    made = {part: engine.volumes.create(f"{name}-{part}") for part in ApplicationInsights.volumes}
    files = {"config.yaml": config(30, own_metrics_seconds=1, statsd_seconds=1).encode()}
    tokens = {TOKENS: f"{OWN} (stack)\n{OTHER} rita\n".encode()}
    carrier = volumes.Carrier(image=image.image, labels={})
    volumes.write(f"{name}-config", files, tokens, carrier=carrier, owner=(10001, 10001))
    container = engine.containers.run(
        image.image,
        ["--config=/etc/otelcol/config.yaml"],
        name=name,
        user=image.user,
        read_only=True,
        cap_drop=["ALL"],
        tmpfs={"/tmp": "rw"},
        mem_limit="256m",
        ports={"4318/tcp": ("127.0.0.1", 0)},
        volumes={made[part].name: {"bind": path} for part, path in ApplicationInsights.volumes.items()},
        detach=True,
    )
    try:
        found = Collector(container=container, engine=engine)
        probe_until(lambda: found.send("first"), what="a collector")
        yield found
    finally:
        container.remove(force=True, v=True)
        for volume in made.values():
            volume.remove(force=True)


def kill_amid(collector: Collector, acknowledged: list[str], *, after: int) -> None:
    """Send from four sides, and kill the process once so many spans have been acknowledged."""
    port = collector.port()
    enough = threading.Event()
    wanted = len(acknowledged) + after

    def send() -> None:
        while True:
            span = uuid.uuid4().hex
            try:
                if collector.send_to(port, span) == requests.codes.ok:
                    acknowledged.append(span)
            except requests.RequestException:
                return
            if len(acknowledged) >= wanted:
                enough.set()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    assert enough.wait(60)
    collector.container.kill("SIGKILL")
    for sender in senders:
        sender.join()


def test_no_acknowledged_span_is_lost_when_the_collector_is_killed(collector: Collector) -> None:
    acknowledged: list[str] = []
    for _ in range(3):
        kill_amid(collector, acknowledged, after=50)
        collector.container.start()
        probe_until(lambda: collector.send("warm"), what="the collector after a kill")

    def all_kept() -> None:
        lost = set(acknowledged) - set(collector.spans())
        assert not lost, f"{len(lost)} of {len(acknowledged)}"

    probe_until(all_kept, what="every acknowledged span in the files")


def test_a_span_outlives_a_kill_that_comes_before_it_is_in_a_file(collector: Collector, marker: str) -> None:
    assert collector.send(marker) == requests.codes.ok
    collector.container.kill("SIGKILL")
    collector.container.start()

    def kept() -> None:
        assert collector.spans()[marker]

    probe_until(kept, what="the span")


@pytest.mark.parametrize("token", ["", "wrong", "somebody"], ids=["no token", "a wrong token", "an owner's name"])
def test_who_has_no_token_is_refused(collector: Collector, token: str) -> None:
    assert collector.send("refused", token=token) == requests.codes.unauthorized


def test_a_token_counts_from_its_writing_to_its_removal_without_a_restart(collector: Collector) -> None:
    started = collector.inspected()["State"]["StartedAt"]

    def status(token: str, expected: int) -> None:
        assert collector.send("live", token=token) == expected

    try:
        for _ in range(3):
            collector.let_in(OWN)
            probe_until(lambda: status(OTHER, 401), what="a refusal", timeout_seconds=2)
            probe_during(lambda: status(OTHER, 401), seconds=0.3)
            status(OWN, 200)
            collector.let_in(OWN, OTHER)
            probe_until(lambda: status(OTHER, 200), what="an acceptance", timeout_seconds=2)
    finally:
        collector.let_in(OWN, OTHER)
    assert collector.inspected()["State"]["StartedAt"] == started


def test_it_is_healthy_and_keeps_its_own_metrics(collector: Collector) -> None:
    health = collector.container.exec_run(["wget", "-q", "-O", "-", "http://127.0.0.1:13133/"])

    def kept() -> None:
        assert any("otelcol_exporter_queue_size" in line for line in collector.kept("metrics"))

    assert (health.exit_code, b"Server available" in health.output) == (0, True)
    probe_until(kept, what="the collector's own metrics")


def test_statsd_metrics_of_its_network_are_kept(collector: Collector, marker: str) -> None:
    networks = collector.inspected()["NetworkSettings"]["Networks"].values()
    address = next(iter(networks))["IPAddress"]

    def kept() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(f"vault.{marker}:1|c".encode(), (address, 8125))
        assert any(marker in line for line in collector.kept("metrics"))

    probe_until(kept, what="a metric of one aggregation")
