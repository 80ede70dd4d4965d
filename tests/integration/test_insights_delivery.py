"""From the collector to the insights store: what is acknowledged arrives once, whichever of them is away or killed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from docker import DockerClient
from docker.models.containers import Container

from tests.support.collector import Collector, running_collector
from tests.support.probes import probe_until
from tests.support.span_load import SpanLoad

BATCHES = 20
"""Acknowledged between two kills: about a second."""
BALLAST = "/var/lib/otelcol/ballast"
REFUSED = 3


@pytest.fixture(scope="module")
def collector(engine: DockerClient) -> Iterator[Collector]:
    """A collector that the tests of this file share."""
    with running_collector(engine) as running:
        yield running


def kept(collector: Collector, *spans: str, seconds: float = 60) -> None:
    """Wait until all spans are in the store, once each."""

    def found() -> None:
        counted = collector.spans()
        # Few and short: a comparison of hundreds of long names would take pytest half a minute to explain.
        wrong = [(span[:32], counted[span]) for span in spans if counted[span] != 1]
        assert not wrong[:3], f"{len(wrong)} of {len(spans)}"

    probe_until(found, what="the spans in the store", timeout_seconds=seconds)


@pytest.mark.fault(
    "application insights and its store are killed under 500 spans per second", "every acknowledged span is kept once"
)
def test_every_acknowledged_span_is_kept_exactly_once_whatever_is_killed(collector: Collector) -> None:
    load = SpanLoad(collector=collector)
    with load.running():
        for victim in (collector.store, collector.container, collector.store, collector.container):
            load.wait_for(BATCHES)
            victim.kill("SIGKILL")
            victim.start()
        load.wait_for(BATCHES)

    load.verify()


@pytest.mark.fault("the insights store is away", "the collector starts, accepts telemetry and delivers it later")
def test_the_collector_starts_and_accepts_while_the_store_is_away(collector: Collector, marker: str) -> None:
    collector.store.stop()
    try:
        collector.container.restart()
        probe_until(collector.port, what="the collector's port")
        probe_until(lambda: collector.send(f"{marker}-1"), what="the collector without a store")
        accepted = collector.send(f"{marker}-2")
        collector.container.kill("SIGKILL")
        collector.container.start()
    finally:
        collector.store.start()

    assert accepted == requests.codes.ok
    kept(collector, f"{marker}-1", f"{marker}-2")


def test_the_store_starts_and_runs_queries_while_the_collector_is_away(collector: Collector, marker: str) -> None:
    collector.send(marker)
    kept(collector, marker)
    collector.container.stop()
    try:
        collector.store.restart()
        probe_until(collector.spans, what="the store without a collector")

        assert collector.spans()[marker] == 1
    finally:
        collector.container.start()
        probe_until(lambda: collector.send("warm"), what="the collector")


@pytest.mark.fault(
    "the disks of application insights and of its store are full",
    "writes are rejected with 503, acknowledged ones are kept, and both recover by themselves",
)
def test_full_disks_of_both_reject_writes_and_lose_no_acknowledged_ones(engine: DockerClient) -> None:
    with running_collector(engine, data=_disk("6m"), store_data=_disk("12m")) as collector:
        ballasts = {
            collector.container: (BALLAST, 5600),
            collector.store: ("/var/lib/insights/ballast", 12100),
        }
        for container, (path, kibibytes) in ballasts.items():
            filled = container.exec_run(["busybox", "dd", "if=/dev/zero", f"of={path}", "bs=1k", f"count={kibibytes}"])
            assert filled.exit_code == 0, filled.output
        acknowledged = _until_refused(collector)
        counted = sum(collector.spans()[span] for span in acknowledged)
        for container, (path, _) in ballasts.items():
            container.exec_run(["rm", path])

        assert counted < len(acknowledged), "the store had room for everything"
        kept(collector, *acknowledged, seconds=180)
        probe_until(lambda: collector.send("later"), what="a span after the disks have room again")


@pytest.mark.fault("the collector is killed while its disk is full", "acknowledged telemetry is kept and delivered")
def test_killed_collector_with_a_full_disk_loses_no_acknowledged_ones(engine: DockerClient) -> None:
    with running_collector(engine, data=_disk("4m")) as collector, _mounted(engine, collector) as holder:
        collector.store.stop()
        holder.exec_run(["busybox", "dd", "if=/dev/zero", f"of={BALLAST}", "bs=1k", "count=3900"])
        acknowledged: list[str] = []
        for _ in range(REFUSED):
            acknowledged += _until_refused(collector)
        for _ in range(2):
            collector.container.kill("SIGKILL")
            collector.container.start()
            probe_until(lambda: collector.send("unused"), what="the collector with a full disk")
        holder.exec_run(["rm", BALLAST])
        collector.store.start()

        assert acknowledged
        kept(collector, *acknowledged, seconds=180)


def _until_refused(collector: Collector) -> list[str]:
    """Send spans until one is refused because there is no room; return the acknowledged ones."""
    acknowledged: list[str] = []
    while (status := collector.send(span := uuid.uuid4().hex * 32)) == requests.codes.ok:
        acknowledged.append(span)
    assert status == requests.codes.unavailable
    return acknowledged


@contextmanager
def _mounted(engine: DockerClient, collector: Collector) -> Iterator[Container]:
    """A container that keeps the collector's disk, which is in memory, while the collector is down."""
    holder = engine.containers.run(
        collector.container.attrs["Config"]["Image"],
        ["sleep", "600"],
        entrypoint=["busybox"],
        volumes={f"{collector.name}-data": {"bind": "/var/lib/otelcol"}},
        detach=True,
    )
    try:
        yield holder
    finally:
        holder.remove(force=True)


def _disk(size: str) -> dict[str, str]:
    return {"type": "tmpfs", "device": "tmpfs", "o": f"size={size},uid=10001,gid=10001"}


@pytest.mark.fault("the collector's queue is full", "writes are rejected with 503, and acknowledged ones are kept")
def test_full_queue_rejects_writes_and_loses_no_acknowledged_ones(engine: DockerClient) -> None:
    with running_collector(engine, queue_mib=0.25) as collector:
        collector.store.stop()
        acknowledged: list[str] = []
        status = requests.codes.ok
        while status == requests.codes.ok:
            span = uuid.uuid4().hex * 16
            status = collector.send(span)
            acknowledged.extend([span] if status == requests.codes.ok else [])
        collector.store.start()

        assert status == requests.codes.unavailable
        assert acknowledged
        kept(collector, *acknowledged)
        probe_until(lambda: collector.send("later"), what="a span after the queue has room again")
