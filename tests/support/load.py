"""Clients that write to a workspace's services continuously, and remember what was acknowledged.

One thread for each kind of data makes one write after the other during the test. A failed write is not an error of the
load: it was not acknowledged, and the next one has other data.
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.insights import insights_client
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.otlp import Protocol, send
from tests.support.probes import probe_until
from tests.support.vault import read_secret, write_secret

BUCKET = "azureml"
PAUSE_SECONDS = 0.03
"""Between two writes of one kind; four of them keep two cores busy enough."""

MANY, LONG_PAUSE_SECONDS = 400, 0.5
"""After so many writes of one kind they come slowly: all of them are read back in the end."""

Write = Callable[[str], None]
"""Writes one thing under a marker; raises unless it was acknowledged."""


@dataclass(kw_only=True)
class Load:
    """Writers of objects, secrets, images and signals: a span, a metric and a log record.

    Attributes:
        acknowledged: The markers that each kind's service has acknowledged, in order.
        refused: How many writes of each kind failed.
    """

    stack: str
    outputs: Mapping[str, Any]
    prefix: str
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        """Write inside the block; all writers are running when it starts, and none when it has ended."""
        threads = [threading.Thread(target=self._write_on, args=item) for item in self._writers().items()]
        for thread in threads:
            thread.start()
        try:
            self.await_more(3, seconds=60)
            yield self
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def await_more(self, count: int, *, seconds: float, only: tuple[str, ...] = ()) -> None:
        """Wait until more writes of each kind, or of the given ones, have been acknowledged."""
        wanted = {kind: len(self.acknowledged[kind]) + count for kind in only or self.acknowledged}

        def enough() -> None:
            missing = {
                kind: len(self.acknowledged[kind]) for kind in wanted if len(self.acknowledged[kind]) < wanted[kind]
            }
            assert not missing, f"{missing} of {wanted} acknowledged, refused so far: {self.refused}"

        probe_until(enough, what=f"{count} more writes of each kind", timeout_seconds=seconds)

    def verify(self) -> None:
        """Fail unless everything acknowledged is there and equal."""
        objects, images = s3_client(self.outputs), registry_client(self.outputs)
        for marker in self.acknowledged["object"]:
            assert objects.get_object(Bucket=BUCKET, Key=marker)["Body"].read() == marker.encode()
        for marker in self.acknowledged["secret"]:
            assert read_secret(self.outputs, marker) == {"value": marker}
        for marker in self.acknowledged["image"]:
            assert images.pull(f"load/{self.prefix}", marker) == tiny_image(marker.encode())
        probe_until(self._verify_signals, what="every acknowledged signal")

    def _verify_signals(self) -> None:
        wanted = self.acknowledged["signal"]
        for signal, kept in insights_client(self.outputs).markers().items():
            missing = set(wanted) - kept
            assert not missing, f"{signal}: {sorted(missing)} of {len(wanted)} are gone"

    def _writers(self) -> dict[str, Write]:
        objects, images = s3_client(self.outputs), registry_client(self.outputs)
        token = self.outputs["credentials"]["telemetry"]["token"]

        def send_signals(marker: str) -> None:
            sent = send(Protocol.HTTP, self.outputs["endpoints"], token, marker, seconds=2)
            assert all(sent.values()), sent

        writers: dict[str, Write] = {
            "object": lambda marker: _ignore(objects.put_object(Bucket=BUCKET, Key=marker, Body=marker.encode())),
            "secret": lambda marker: write_secret(self.outputs, marker, {"value": marker}),
            "image": lambda marker: images.push(f"load/{self.prefix}", marker, tiny_image(marker.encode())),
            "signal": send_signals,
        }
        self.acknowledged = {kind: [] for kind in writers}
        self.refused = dict.fromkeys(writers, 0)
        return writers

    def _write_on(self, kind: str, write: Write) -> None:
        for number in itertools.count():
            marker = f"{self.prefix}-{kind}-{number}"
            try:
                write(marker)
            except Exception:
                # Whatever a client says while its service is away.
                self.refused[kind] += 1
            else:
                self.acknowledged[kind].append(marker)
            if self._ended.wait(PAUSE_SECONDS if number < MANY else LONG_PAUSE_SECONDS):
                return


def _ignore(_answer: object) -> None:
    """Only the response counts, not its content."""
