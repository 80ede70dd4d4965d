"""A real collector configured as application insights: what it keeps when killed, and which clients it accepts."""

import re
import socket
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from docker import DockerClient
from google.protobuf.message import Message

from infra.components.application_insights import MAXIMUM_REQUEST_MIB
from tests.support.collector import OTHER, OWN, Collector, running_collector
from tests.support.otlp import SIGNALS, Protocol
from tests.support.otlp_requests import (
    LATER,
    OK,
    TOO_LARGE,
    request_of_equal_records,
    request_of_size,
    send_request,
)
from tests.support.probes import probe_during, probe_until

SMALL = {"type": "tmpfs", "device": "tmpfs", "o": "size=6m,uid=10001,gid=10001"}
MIB = 2**20
SIZES = {
    MIB: OK,
    MIB * MAXIMUM_REQUEST_MIB: OK,
    MIB * MAXIMUM_REQUEST_MIB + 1: TOO_LARGE,
    5 * MIB: TOO_LARGE,
    16 * MIB: TOO_LARGE,
}
"""Size of a request to its outcome."""

MANY = 1000
"""Small records in one request."""

BALLAST = "/var/lib/otelcol/ballast"


@pytest.fixture(scope="module")
def collector(engine: DockerClient) -> Iterator[Collector]:
    """A collector that the tests of this file share."""
    with running_collector(engine) as running:
        yield running


def test_span_survives_a_kill_before_it_reaches_the_store(collector: Collector, marker: str) -> None:
    assert collector.send(marker) == requests.codes.ok
    collector.container.kill("SIGKILL")
    collector.container.start()

    def kept() -> None:
        assert collector.spans()[marker]

    probe_until(kept, what="the span")


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("protocol", list(Protocol))
def test_large_record_is_kept_with_those_around_it_or_refused(
    collector: Collector, protocol: Protocol, signal: str, marker: str
) -> None:
    acknowledged: list[str] = []
    port = collector.port(4317 if protocol is Protocol.GRPC else 4318)

    for size, expected in SIZES.items():
        names = [f"{marker}-{size}-{number}-" for number in range(5)]
        request = request_of_size(signal, names, size)

        def delivered(request: Message = request, expected: str = expected) -> None:
            became = send_request(protocol, port, signal, request, token=OWN)
            assert became != LATER, "its memory is short just now"
            assert became == expected

        probe_until(delivered, what=f"a request of {size} bytes")
        acknowledged += names if expected == OK else []

    def all_kept() -> None:
        kept = "".join(collector.kept(signal, marker))
        assert not [name for name in acknowledged if name not in kept]

    probe_until(all_kept, what="every acknowledged record in the store")


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("protocol", list(Protocol))
def test_many_small_records_are_accepted_or_rejected_together_by_their_decompressed_size(
    collector: Collector, protocol: Protocol, marker: str, *, compressed: bool
) -> None:
    port = collector.port(4317 if protocol is Protocol.GRPC else 4318)

    for size, expected in {2 * MIB: OK, 5 * MIB: TOO_LARGE, 2 * MIB + 1: OK}.items():
        request = request_of_equal_records("traces", f"{marker}-{size}-", MANY, size)

        def delivered(request: Message = request, expected: str = expected) -> None:
            became = send_request(protocol, port, "traces", request, token=OWN, compressed=compressed)
            assert became != LATER, "its memory is short just now"
            assert became == expected

        probe_until(delivered, what=f"a request of {size} bytes")

    def all_kept_and_nothing_else() -> None:
        kept = "".join(collector.kept("traces", marker))
        found = Counter(size for size, _ in set(re.findall(rf"{marker}-(\d+)-(\d+)-", kept)))
        assert found == {f"{2 * MIB}": MANY, f"{2 * MIB + 1}": MANY}

    probe_until(all_kept_and_nothing_else, what="every acknowledged record in the store")


@pytest.mark.parametrize("token", ["", "wrong", "somebody"], ids=["no token", "a wrong token", "an owner's name"])
def test_request_without_token_is_refused(collector: Collector, token: str) -> None:
    assert collector.send("refused", token=token) == requests.codes.unauthorized


def test_token_is_valid_from_writing_to_removal_without_a_restart(collector: Collector) -> None:
    started = collector.inspected()["State"]["StartedAt"]

    def status(token: str, expected: int) -> None:
        assert collector.send("live", token=token) == expected

    try:
        for _ in range(3):
            collector.let_in(OWN)
            probe_until(lambda: status(OTHER, 401), what="a refusal")
            probe_during(lambda: status(OTHER, 401), seconds=0.3)
            status(OWN, 200)
            collector.let_in(OWN, OTHER)
            probe_until(lambda: status(OTHER, 200), what="an acceptance")
    finally:
        collector.let_in(OWN, OTHER)
    assert collector.inspected()["State"]["StartedAt"] == started


def test_collector_is_healthy_and_keeps_its_own_metrics(collector: Collector) -> None:
    health = collector.container.exec_run(["wget", "-q", "-O", "-", "http://127.0.0.1:13133/"])

    def kept() -> None:
        assert "otelcol_exporter_queue_size" in collector.kept("metrics", "queue_size")

    assert (health.exit_code, b"Server available" in health.output) == (0, True)
    probe_until(kept, what="the collector's own metrics")


def test_statsd_metrics_of_its_network_are_kept(collector: Collector, marker: str) -> None:
    networks = collector.inspected()["NetworkSettings"]["Networks"].values()
    address = next(iter(networks))["IPAddress"]

    def kept() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(f"vault.{marker}:1|c".encode(), (address, 8125))
        assert collector.kept("metrics", marker)

    probe_until(kept, what="a metric of one aggregation")


@pytest.mark.fault("the disk of application insights is full", "writes are rejected, and acknowledged ones are kept")
def test_full_disk_rejects_writes_and_loses_no_acknowledged_ones(engine: DockerClient) -> None:
    with running_collector(engine, data=SMALL) as collector:
        collector.store.stop()  # which keeps the queue from becoming shorter
        filled = collector.container.exec_run(["busybox", "dd", "if=/dev/zero", f"of={BALLAST}", "bs=1k", "count=4800"])
        acknowledged: list[str] = []
        status = requests.codes.ok
        while status == requests.codes.ok:
            span = uuid.uuid4().hex * 16
            status = collector.send(span)
            acknowledged.extend([span] if status == requests.codes.ok else [])
        collector.container.exec_run(["rm", BALLAST])
        collector.store.start()

        def all_kept() -> None:
            lost = set(acknowledged) - set(collector.spans())
            assert not lost, f"{len(lost)} of {len(acknowledged)}"

        assert filled.exit_code == 0
        assert status == requests.codes.unavailable
        probe_until(all_kept, what="every acknowledged span in the store")
        probe_until(lambda: collector.send("later"), what="a span after the disk has room again")
