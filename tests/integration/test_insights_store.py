"""The store of application insights by itself: what is acknowledged is stored once, whatever happens to it."""

import gzip
import os
import secrets
import threading
import uuid
from collections.abc import Iterator
from functools import partial

import pytest
from docker import DockerClient

from tests.support.insights_store import READ, WRITE, Sender, Store, request, running_store, span
from tests.support.otlp import Protocol, send
from tests.support.probes import probe_until

KILLS = 4
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def store(engine: DockerClient) -> Iterator[Store]:
    """A store for all tests of this file; each one has its own names."""
    with running_store(engine) as found:
        yield found


def rows(store: Store, table: str = "spans") -> int:
    return int(store.status()["tables"][table]["rows"])


def test_every_signal_of_an_sdk_is_in_the_views(store: Store) -> None:
    marker = uuid.uuid4().hex

    sent = send(Protocol.HTTP, {Protocol.HTTP: store.url("")}, WRITE, marker)

    assert sent == {"traces": True, "metrics": True, "logs": True}
    for view, column in {"dependencies": "name", "traces": "message", "customMetrics": "name"}.items():
        found = store.query(f"SELECT {column} FROM {view} WHERE contains(customDimensions, '{marker}')")
        assert len(found) == 1, (view, found)


@pytest.mark.parametrize("token", [READ, "another", ""], ids=["that reads", "unknown", "none"])
def test_only_the_token_that_writes_may_write(store: Store, token: str) -> None:
    before = rows(store)
    assert store.post(request([span()]), token=token).status_code == (403 if token == READ else 401)
    assert rows(store) == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"this is not protobuf", {}, 400),
        (request([span()])[:-3], {}, 400),
        (b"this is not gzip", {"Content_Encoding": "gzip"}, 400),
        (gzip.compress(request([span()]))[:-9], {"Content_Encoding": "gzip"}, 400),
        (request([span()]), {"Content_Encoding": "br"}, 415),
        (b"{}", {"Content_Type": "application/json"}, 415),
        (gzip.compress(bytes(65 * MEGABYTE)), {"Content_Encoding": "gzip"}, 413),
        (bytes(65 * MEGABYTE), {}, 413),
    ],
    ids=["garbage", "truncated", "no gzip", "truncated gzip", "brotli", "JSON", "a large gzip", "a large body"],
)
def test_what_is_not_a_request_is_rejected_for_good(
    store: Store, body: bytes, headers: dict[str, str], status: int
) -> None:
    before = rows(store)
    reply = store.post(body, **headers)
    assert (reply.status_code, rows(store)) == (status, before), reply.text


def test_extreme_requests_are_stored_within_the_limits_and_the_memory(store: Store) -> None:
    many = {f"key{number}": "x" for number in range(10_000)}
    large = [span("extreme", attributes={"large": "x" * MEGABYTE}) for _ in range(60)]
    before = rows(store)

    for spans in ([span("extreme", attributes=many)], large):
        reply = store.post(request(spans))
        assert reply.status_code == 200, reply.text

    assert rows(store) == before + 61
    (found,) = store.query(
        "SELECT max(len(json_keys(customDimensions))), max(length(customDimensions)) "
        "FROM requests WHERE name = 'extreme'"
    )
    assert found == [256, 8192 + len('{"large":""}')]
    store.container.reload()
    assert not store.container.attrs["State"]["OOMKilled"]
    assert store.container.attrs["RestartCount"] == 0


@pytest.mark.fault("kill of the store of application insights under load", "every acknowledged span is stored once")
def test_kills_lose_and_double_nothing(engine: DockerClient) -> None:
    with running_store(engine) as store:
        senders = [Sender(store=store) for _ in range(3)]
        ended = threading.Event()

        def work(sender: Sender) -> None:
            while not ended.is_set():
                sender.send([span(f"span-{number}") for number in range(1 + secrets.randbelow(200))])

        threads = [threading.Thread(target=work, args=[sender]) for sender in senders]
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            wanted = len(senders[0].acknowledged) + secrets.randbelow(800)
            probe_until(partial(_at_least, senders[0], wanted), what="acknowledged spans")
            store.kill()
        ended.set()
        for thread in threads:
            thread.join()
        for sender in senders:
            sender.finish()

        assert all(sender.failures for sender in senders)
        Sender(store=store, acknowledged=set().union(*(sender.acknowledged for sender in senders))).verify()


def _at_least(sender: Sender, count: int) -> None:
    assert len(sender.acknowledged) >= count


@pytest.mark.fault("full disk of the store of application insights", "503 until there is room; nothing is half stored")
def test_full_disk_refuses_and_recovers_by_itself(engine: DockerClient) -> None:
    with running_store(engine, data={"type": "tmpfs", "device": "tmpfs", "o": "size=12m,uid=10001,gid=10001"}) as store:
        sender = Sender(store=store)
        store.run("busybox dd if=/dev/zero of=/var/lib/insights/ballast bs=1M count=10")

        def send_incompressible() -> None:
            sender.send([span(attributes={"a": os.urandom(4000).hex()}) for _ in range(50)])

        while not sender.failures:
            send_incompressible()
        send_incompressible()
        sender.verify()
        assert sender.failures == 2
        store.run("rm /var/lib/insights/ballast")

        sender.finish()
        sender.verify()
