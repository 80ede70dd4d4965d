"""Hands requests and responses of a server to the collector in its container, without a request that waits for it."""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.job_programs.model_server.collected_records import (
    DROPPED,
    MOST_RECORD_BYTES,
    PATH,
    PORT,
    SETTINGS,
    TYPE_PREFIX,
)
from mlw.job_programs.model_server.collected_rows import input_rows, output_rows

MOST_WAITING, MOST_WAITING_BYTES = 1500, 16 << 20
INPUTS, OUTPUTS, REQUEST, RESPONSE = "model_inputs", "model_outputs", "request", "response"
_JSON, _FRAME = "application/json", "pandas.core.frame.DataFrame"
_TIMEOUT_SECONDS = 5.0
_SUCCESS = range(200, 300)

Record = tuple[dict[str, str], bytes]


@dataclass(frozen=True)
class Exchange:
    """A request and its response.

    Attributes:
        request: Body as it was sent.
        response: Body as it was returned.
        status: Status of the response.
        request_type: `Content-Type` of the request.
        response_type: The same of the response.
        request_id: `x-request-id` of the request; made, if it has none.
        table: The request in MLflow's words; empty for scoring scripts.
        begun: When it came.
    """

    request: bytes
    response: bytes
    status: int
    request_type: str = _JSON
    response_type: str = _JSON
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    table: bytes = b""
    begun: float = field(default_factory=time.time)

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.request) + len(self.response) + len(self.table)


class Recorder:
    """Records of one process; its thread begins with the first one, since servers fork.

    Args:
        collections: Names of those that are enabled.
        sampling_rate: Share of the requests that are recorded, 0 to 1.
        columns: Names of the columns of a model's inputs, and of its outputs.
        post: Sends a record.
    """

    def __init__(
        self,
        collections: Sequence[str],
        sampling_rate: float = 1.0,
        columns: tuple[Sequence[str], Sequence[str]] = ((), ()),
        post: Callable[[dict[str, str], bytes], bool] | None = None,
    ) -> None:
        self._collections, self._sampling_rate, self._columns = frozenset(collections), sampling_rate, columns
        self._post = post or CollectorConnection().post
        self._waiting: queue.Queue[Exchange] = queue.Queue(MOST_WAITING)
        self._bytes, self._dropped, self._process = 0, 0, 0
        self._lock = threading.Lock()

    @classmethod
    def of_environment(cls, columns: tuple[Sequence[str], Sequence[str]] = ((), ())) -> Recorder | None:
        """The recorder of this container; None if nothing is collected."""
        if not (path := os.environ.get(SETTINGS)):
            return None
        settings: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(list(settings["collections"]), float(settings["sampling_rate"]), columns)

    def takes(self) -> bool:
        """Whether the next request is one of the sample."""
        return random.random() < self._sampling_rate  # noqa: S311 - a sample

    def record(self, exchange: Exchange) -> None:
        """Take a request; if too many wait, it is dropped and counted."""
        records = len(self._collections & {INPUTS, OUTPUTS, REQUEST, RESPONSE})
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._run, daemon=True, name="recorder").start()
            if self._bytes + exchange.size > MOST_WAITING_BYTES or self._waiting.full():
                self._dropped += records
                return
            self._bytes += exchange.size
            self._waiting.put_nowait(exchange)

    def _run(self) -> None:
        while True:
            exchange = self._waiting.get()
            with self._lock:
                self._bytes -= exchange.size
            for headers, body in self.records_of(exchange):
                with self._lock:
                    dropped, self._dropped = self._dropped, 0
                if len(body) > MOST_RECORD_BYTES or not self._post({**headers, DROPPED: str(dropped)}, body):
                    with self._lock:
                        self._dropped += dropped + 1

    def records_of(self, exchange: Exchange) -> Iterator[Record]:
        """What a request is as records; the rows of a model only if it was successful."""
        given, returned = self._columns
        named: Mapping[str, Callable[[], list[dict[str, Any]] | None]] = {
            INPUTS: lambda: input_rows(exchange.table, given),
            OUTPUTS: lambda: output_rows(exchange.response, returned),
        }
        for name in (INPUTS, OUTPUTS):
            if name in self._collections and exchange.table and exchange.status in _SUCCESS:
                rows = named[name]()
                if rows is not None:
                    more = {"ce-collect-data-type": _FRAME, "ce-model-version": "default"}
                    yield {**_headers(exchange, name, _JSON), **more}, json.dumps(rows).encode()
        if REQUEST in self._collections:
            more = {"ce-path": "/score", "ce-method": "POST"}
            yield {**_headers(exchange, REQUEST, exchange.request_type), **more}, exchange.request
        if RESPONSE in self._collections:
            more = {"ce-status-code": str(exchange.status)}
            yield {**_headers(exchange, RESPONSE, exchange.response_type), **more}, exchange.response


def _headers(exchange: Exchange, collection: str, content_type: str) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "trace-id": str(uuid.uuid4()),
        "ce-time": f"{exchange.begun:.3f}",
        "ce-type": f"{TYPE_PREFIX}{collection}",
        "ce-x-request-id": exchange.request_id,
        "ce-agent": "mlw",
    }


class CollectorConnection:
    """A connection to the collector that is used again for the next record."""

    def __init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_TIMEOUT_SECONDS)

    def post(self, headers: dict[str, str], body: bytes) -> bool:
        """Send a record; whether it was accepted. The collector may have closed a connection in between."""
        for _ in range(2):
            try:
                self._connection.request("POST", PATH, body, headers)
                response = self._connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                self.close()
            else:
                return response.status in _SUCCESS
        return False

    def close(self) -> None:
        """Close it."""
        self._connection.close()
