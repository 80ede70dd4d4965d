"""Collects data of a deployment: takes records from the server in this container, and writes them as blobs.

It runs in the container's first process, so that the server does not wait for the storage account. Records wait in a
queue of limited size; what does not fit is dropped and counted. Its address takes what Azure's package
`azureml-ai-monitoring` sends, and tells the counts.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mlw.job_programs.model_server.blob_writer import BlobRefusedError, BlobWriter
from mlw.job_programs.model_server.collected_records import (
    DROPPED,
    FILE,
    MOST_RECORD_BYTES,
    PATH,
    PORT,
    folder_of,
    line_of,
)

MOST_WAITING_BYTES = 16 << 20
_BLOB_BYTES, _SECONDS = 4 << 20, 5.0
_SAID_EVERY_SECONDS = 60.0

Put = Callable[[str, bytes], None]


@dataclass
class Counts:
    """Records since the container has started."""

    collected: int = 0
    stored: int = 0
    dropped: int = 0


class Collector:
    """Records that wait, and those that were written.

    Args:
        settings: Content of the settings' file.
        put: Writes a blob.
    """

    def __init__(self, settings: dict[str, Any], put: Put) -> None:
        found: dict[str, dict[str, Any]] = settings["collections"]
        self._folders = {name.lower(): str(one["folder"]) for name, one in found.items()}
        self._rolling_rate, self._source, self._put = settings["rolling_rate"], settings["source"], put
        self._waiting: dict[str, list[bytes]] = {}
        self._bytes, self._said = 0, 0.0
        self._changed = threading.Condition()
        self._is_ending = False
        self.counts = Counts()

    def add(self, headers: dict[str, str], body: bytes) -> bool:
        """Take a record; false if its collection is not enabled. It never waits for the storage account."""
        collection, seconds, line = line_of(headers, body, self._source)
        if collection not in self._folders:
            return False
        folder = f"{self._folders[collection]}/{folder_of(self._rolling_rate, seconds)}"
        with self._changed:
            self.counts.collected += 1
            if self._bytes + len(line) > MOST_WAITING_BYTES:
                self.drop(1, "the storage account is too slow, or does not respond")
                return True
            self._waiting.setdefault(folder, []).append(line)
            self._bytes += len(line)
            self._changed.notify()
        return True

    def drop(self, number: int, why: str) -> None:
        """Count records that are lost."""
        with self._changed:
            self.counts.dropped += number
        self._say(f"records of collected data are dropped ({self.counts.dropped} until now): {why}")

    def write(self) -> bool:
        """Write what waits, a blob for each folder; whether all of it could be written."""
        with self._changed:
            waiting, self._waiting = self._waiting, {}
        is_written = True
        for folder, lines in waiting.items():
            try:
                self._put(f"{folder}/{uuid.uuid4()}.jsonl", b"".join(lines))
            except (OSError, BlobRefusedError) as exc:
                is_written = False
                self._say(f"collected data cannot be written to '{folder}' now: {exc}")
                with self._changed:
                    self._waiting[folder] = lines + self._waiting.get(folder, [])
                continue
            with self._changed:
                self.counts.stored += len(lines)
                self._bytes -= sum(map(len, lines))
        return is_written

    def run(self) -> None:
        """Write regularly until :meth:`end`, and then once more."""
        while not self._is_ending:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_ending)
                self._changed.wait_for(lambda: self._bytes >= _BLOB_BYTES or self._is_ending, _SECONDS)
            if not self.write():
                with self._changed:
                    self._changed.wait_for(lambda: self._is_ending, _SECONDS)
        self.write()
        lost = sum(map(len, self._waiting.values()))
        if lost:
            self._said = 0.0
            self.drop(lost, "the container ends")

    def end(self) -> None:
        """Have :meth:`run` return."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def _say(self, text: str) -> None:
        if not self._said or time.monotonic() - self._said > _SAID_EVERY_SECONDS:
            self._said = time.monotonic()
            print(text, file=sys.stderr, flush=True)


def handler_of(collector: Collector) -> type[BaseHTTPRequestHandler]:
    """What serves the collector's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length", 0))
            if dropped := int(headers.get(DROPPED, 0)):
                collector.drop(dropped, "they are collected faster than they are written")
            if length > MOST_RECORD_BYTES:
                collector.drop(1, f"a record of {length} bytes; allowed: {MOST_RECORD_BYTES}")
                self._answer(413)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            self._answer(200 if self.path == PATH and collector.add(headers, body) else 404)

        def do_GET(self) -> None:
            self._answer(200, json.dumps(asdict(collector.counts)).encode())

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: requests are counted."""

    return Handler


@contextmanager
def collecting(folder: Path, port: int = PORT) -> Iterator[None]:
    """Collect inside the block, and write at its end what still waits; nothing, if there are no settings."""
    path = folder / FILE
    if not path.exists():
        yield
        return
    settings = json.loads(path.read_text(encoding="utf-8"))
    collector = Collector(settings, BlobWriter(**settings["storage"]).put)
    writing = threading.Thread(target=collector.run, daemon=True, name="collected data")
    with ThreadingHTTPServer(("127.0.0.1", port), handler_of(collector)) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True, name="collector")
        writing.start()
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            collector.end()
            writing.join()
            serving.join()
