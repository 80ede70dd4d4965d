"""Steady load of spans on a collector: what was acknowledged has to be in the insights store exactly once."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from tests.support.collector import OWN, Collector
from tests.support.probes import probe_until

SENDERS, BATCH, INTERVAL_SECONDS = 4, 25, 0.2
"""Together 500 spans per second."""

KEPT_SECONDS = 60.0
REQUEST_SECONDS = 5


@dataclass(kw_only=True, slots=True)
class SpanLoad:
    """Batches of spans, each with a name of its own, sent once and never again.

    Attributes:
        collector: Where they are sent.
        find_port: Finds the collector's port on the host, or raises LookupError; by default the engine is asked.
    """

    collector: Collector
    find_port: Callable[[], str] | None = None
    acknowledged: list[str] = field(default_factory=list)
    """Names of the batches that were acknowledged."""

    sent: int = 0
    _run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["SpanLoad"]:
        """Send for the duration of the block."""
        self._ended.clear()
        senders = [threading.Thread(target=self._send_on) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            yield self
        finally:
            self._ended.set()
            for sender in senders:
                sender.join()

    def wait_for(self, batches: int) -> None:
        """Wait until that many more batches have been acknowledged."""
        wanted = len(self.acknowledged) + batches

        def enough() -> None:
            assert len(self.acknowledged) >= wanted, f"{len(self.acknowledged)} of {wanted} batches"

        probe_until(enough, what="acknowledged batches")

    def verify(self) -> None:
        """Fail unless every acknowledged span is in the store exactly once, and no other one more than once."""
        sql = f"SELECT name, count(*), count(DISTINCT id) FROM spans WHERE starts_with(name, '{self._run}') GROUP BY 1"

        def kept() -> None:
            found = {name: (rows, ids) for name, rows, ids in self.collector.insights.rows(sql)}
            wrong = {name: found.get(name) for name in self.acknowledged if found.get(name) != (BATCH, BATCH)}
            twice = {name: counts for name, counts in found.items() if counts[0] != counts[1]}
            assert not wrong, f"{len(wrong)} of {len(self.acknowledged)} batches, e.g. {next(iter(wrong.items()))}"
            assert not twice, twice

        probe_until(kept, what="every acknowledged span in the store", timeout_seconds=KEPT_SECONDS)

    def _send_on(self) -> None:
        port = ""
        while not self._ended.wait(INTERVAL_SECONDS):
            self.sent += 1
            name = f"{self._run}-{uuid.uuid4().hex}"
            try:
                port = port or (self.find_port or self.collector.port)()
                status = _send(port, name)
            except (requests.RequestException, LookupError, TypeError):
                # The collector was killed: it has another port when it runs again.
                port = ""
            else:
                self.acknowledged.extend([name] if status == requests.codes.ok else [])


def _send(port: str, name: str) -> int:
    now = str(time.time_ns())
    spans = [
        {
            "traceId": uuid.uuid4().hex,
            "spanId": uuid.uuid4().hex[:16],
            "name": name,
            "kind": 1,
            "startTimeUnixNano": now,
            "endTimeUnixNano": now,
        }
        for _ in range(BATCH)
    ]
    return requests.post(
        f"http://127.0.0.1:{port}/v1/traces",
        json={"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]},
        headers={"Authorization": f"Bearer {OWN}"},
        timeout=REQUEST_SECONDS,
    ).status_code
