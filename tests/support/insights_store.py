"""A store of application insights of its own, confined as in a workspace, and a client that sends it spans.

The client composes requests of what is not acknowledged yet, so that a span comes again in another request than before,
as a collector sends it.
"""

import functools
import gzip
import json
import operator
import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from docker import DockerClient
from docker.models.containers import Container
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from infra import service_images
from infra.clients.engine import volume_writer
from tests.support.probes import probe_until

READ, WRITE = "token-that-reads", "token-that-writes"
PORT = 4320
SECONDS = 60
OWNER = (10001, 10001)
VOLUMES = {"data": "/var/lib/insights", "config": "/etc/insights"}
MEMORY_MIB = 192


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """One store and what a client knows of it."""

    container: Container
    engine: DockerClient
    session: requests.Session = field(default_factory=requests.Session)

    def url(self, path: str) -> str:
        """Return an address on the host; the port changes with every start."""
        published = self.engine.api.port(str(self.container.id), PORT)
        if not published:
            raise requests.ConnectionError("the container is not running")
        return f"http://127.0.0.1:{published[0]['HostPort']}{path}"

    def post(self, body: bytes, signal: str = "traces", *, token: str = WRITE, **headers: str) -> requests.Response:
        """Send a request; underscores in the names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-protobuf", **named}
        return self.session.post(self.url(f"/v1/{signal}"), data=body, headers=given, timeout=SECONDS)

    def query(self, sql: str) -> list[list[Any]]:
        """Return the rows of a query over the last hour and the next one."""
        now = datetime.now(UTC)
        start, end = ((now + timedelta(hours=hours)).isoformat() for hours in (-1, 1))
        reply = self.session.post(
            self.url("/v1/query"),
            json={"query": sql, "start": start, "end": end, "maximumRows": 100},
            headers={"Authorization": f"Bearer {READ}"},
            timeout=SECONDS,
        )
        assert reply.status_code == requests.codes.ok, reply.text
        rows: list[list[Any]] = reply.json()["tables"][0]["rows"]
        return rows

    def status(self) -> dict[str, Any]:
        """Return what the store tells about itself."""
        reply = self.session.get(self.url("/v1/status"), headers={"Authorization": f"Bearer {READ}"}, timeout=SECONDS)
        reply.raise_for_status()
        return dict(reply.json())

    def await_ready(self) -> None:
        """Wait until the store responds."""
        probe_until(lambda: self.session.get(self.url("/healthz"), timeout=SECONDS).raise_for_status(), what="a store")

    def kill(self) -> None:
        """Kill the process without any warning, and start the container again."""
        self.container.kill("SIGKILL")
        self.container.start()
        self.await_ready()

    def run(self, script: str) -> str:
        """Run a shell script in the container."""
        code, output = self.container.exec_run(["/bin/sh", "-c", script])
        said = output if isinstance(output, bytes) else b"".join(output)
        assert code == 0, said.decode()
        return said.decode()


@contextmanager
def running_store(engine: DockerClient, *, data: Mapping[str, str] | None = None) -> Iterator[Store]:
    """Run a store.

    Args:
        engine: Where it runs.
        data: Options of the driver of the volume with its data.
    """
    image, name = service_images.table()["insights"], f"t{uuid.uuid4().hex[:8]}-insights-store"
    made = {
        part: engine.volumes.create(f"{name}-{part}", driver_opts=dict(data or {}) if part == "data" else {})
        for part in VOLUMES
    }
    settings = {"folder": VOLUMES["data"], "tokens": f"{VOLUMES['config']}/live/tokens"}
    tokens = f"{READ} reader read\n{WRITE} collector write\n"
    carrier = volume_writer.Carrier(image=image.image, labels={})
    volume_writer.write(
        f"{name}-config",
        {"config.json": json.dumps(settings).encode()},
        {"tokens": tokens.encode()},
        carrier=carrier,
        owner=OWNER,
    )
    container = engine.containers.run(
        image.image,
        ["--config=/etc/insights/config.json"],
        name=name,
        user=image.user,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        tmpfs={"/tmp": "rw"},
        mem_limit=f"{MEMORY_MIB}m",
        ports={f"{PORT}/tcp": ("127.0.0.1", 0)},
        volumes={made[part].name: {"bind": path} for part, path in VOLUMES.items()},
        detach=True,
    )
    try:
        found = Store(container=container, engine=engine)
        found.await_ready()
        yield found
    finally:
        container.remove(force=True, v=True)
        for volume in made.values():
            volume.remove(force=True)


def span(name: str = "GET /", *, attributes: Mapping[str, str] | None = None) -> Span:
    """Make a span of now, of a request."""
    pairs = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in (attributes or {}).items()]
    now = time.time_ns()
    return Span(
        trace_id=uuid.uuid4().bytes,
        span_id=uuid.uuid4().bytes[:8],
        name=name,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=now,
        end_time_unix_nano=now + 1_000_000,
        attributes=pairs,
    )


def request(spans: Sequence[Span]) -> bytes:
    """Make a request of spans."""
    scopes = [ScopeSpans(spans=spans)]
    message = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=scopes)])
    return bytes(message.SerializeToString())


@dataclass(kw_only=True)
class Sender:
    """Sends spans until each one is acknowledged.

    Attributes:
        acknowledged: The ids of the spans in acknowledged requests.
        failures: How many requests were not acknowledged.
    """

    store: Store
    acknowledged: set[str] = field(default_factory=set)
    failures: int = 0
    _waiting: list[Span] = field(default_factory=list)

    def send(self, spans: Sequence[Span]) -> None:
        """Send spans together with some that were not acknowledged before."""
        self._waiting += spans
        random.shuffle(self._waiting)
        batch = self._waiting[: 2 * len(spans)]
        try:
            status = self.store.post(gzip.compress(request(batch), 1), Content_Encoding="gzip").status_code
        except requests.RequestException:
            status = 0
        if status == requests.codes.ok:
            del self._waiting[: len(batch)]
            self.acknowledged |= {one.span_id.hex() for one in batch}
        else:
            self.failures += 1

    def finish(self) -> None:
        """Send what is left until it is acknowledged."""

        def send_all() -> None:
            self.send(self._waiting[:1000] if self._waiting else [])
            assert not self._waiting

        probe_until(send_all, what="everything is acknowledged")

    def verify(self) -> None:
        """Fail unless every span that was acknowledged is in the view once, and nothing else is."""
        count, distinct, all_ids = self.store.query(
            "SELECT count(*), count(DISTINCT id), bit_xor(CAST('0x' || id AS UBIGINT))::VARCHAR FROM requests"
        )[0]
        ids = functools.reduce(operator.xor, (int(one, 16) for one in self.acknowledged))
        assert (count, distinct) == (len(self.acknowledged), count)
        assert int(all_ids) == ids
