"""A collector of its own, configured as application insights, and a client that sends it single spans."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from docker import DockerClient
from docker.models.containers import Container

from infra import service_images
from infra.clients.engine import volume_writer
from infra.components.application_insights import TOKENS, config
from infra.services import APPLICATION_INSIGHTS
from tests.support.engine import read_files
from tests.support.otlp import STORE_FOLDER
from tests.support.probes import probe_until

SECONDS = 15
_BEGINNINGS = re.compile(rb'(?=\{"resource(?:Spans|Metrics|Logs)")')
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

    def port(self, inner: int = 4318) -> str:
        """Return the port on the host, which changes with every start."""
        return str(self.engine.api.port(self.name, inner)[0]["HostPort"])

    @staticmethod
    def send_to(port: str, span: str, *, token: str = OWN) -> int:
        """Send one span to a known port."""
        identity = {"traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16]}
        spans = [{**identity, "name": span, "kind": 1, "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}/v1/traces"
        return requests.post(url, json=body, headers=headers, timeout=SECONDS).status_code

    def inspected(self) -> dict[str, Any]:
        """Return the engine's current inspection of the container."""
        return dict(self.engine.api.inspect_container(self.name))

    def kept(self, signal: str) -> list[str]:
        """Return the documents in a signal's files.

        A full disk truncates a line; the complete record then follows on the same line.
        """
        files = read_files(self.engine, self.name, STORE_FOLDER)
        lines = [line for name, content in files.items() if f"/{signal}" in name for line in content.splitlines()]
        return [(_BEGINNINGS.split(line)[-1] if _is_cut(line) else line).decode() for line in lines]

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
        carrier = volume_writer.Carrier(image=service_images.table()["collector"].image, labels={})
        volume_writer.write(
            f"{self.name}-config", {}, {TOKENS: content}, carrier=carrier, owner=(10001, 10001), in_use=True
        )


def _is_cut(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


@contextmanager
def running_collector(engine: DockerClient, *, data: Mapping[str, str] | None = None) -> Iterator[Collector]:
    """Run a collector that reports its own and StatsD's metrics every second.

    Args:
        engine: Where it runs.
        data: Options of the driver of the volume with its data.
    """
    image, name = service_images.table()["collector"], f"t{uuid.uuid4().hex[:8]}-insights"
    made = {
        part: engine.volumes.create(f"{name}-{part}", driver_opts=dict(data or {}) if part == "data" else {})
        for part in APPLICATION_INSIGHTS.volumes
    }
    files = {"config.yaml": config(30, own_metrics_seconds=1, statsd_seconds=1).encode()}
    tokens = {TOKENS: f"{OWN} (stack)\n{OTHER} rita\n".encode()}
    carrier = volume_writer.Carrier(image=image.image, labels={})
    volume_writer.write(f"{name}-config", files, tokens, carrier=carrier, owner=(10001, 10001))
    container = engine.containers.run(
        image.image,
        ["--config=/etc/otelcol/config.yaml"],
        name=name,
        user=image.user,
        read_only=True,
        cap_drop=["ALL"],
        tmpfs={"/tmp": "rw"},
        mem_limit="256m",
        ports={f"{port}/tcp": ("127.0.0.1", 0) for port in (4317, 4318)},
        volumes={made[part].name: {"bind": path} for part, path in APPLICATION_INSIGHTS.volumes.items()},
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
