"""Documents of a storage account in memory, with the conditions of the real one."""

import threading
from collections.abc import Iterator

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.conditional_documents import Document

CONNECTION = ServiceConnection(endpoint="http://127.0.0.1:1", credentials={"accessKey": "k", "secretKey": "s"})


class MemoryDocuments:
    """Stands in for `ConditionalDocuments`; one for all connections of a test."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], Document] = {}
        self.writes = 0
        self._lock = threading.Lock()

    def read(self, container: str, name: str) -> Document | None:
        return self.blobs.get((container, name))

    def create(self, container: str, name: str, content: bytes, *, content_type: str = "") -> bool:  # noqa: ARG002 - as the real one
        with self._lock:
            return (container, name) not in self.blobs and self._write(container, name, content)

    def replace(self, container: str, name: str, content: bytes, *, revision: str, content_type: str = "") -> bool:  # noqa: ARG002 - as the real one
        with self._lock:
            found = self.blobs.get((container, name))
            return found is not None and found.revision == revision and self._write(container, name, content)

    def delete(self, container: str, name: str) -> None:
        with self._lock:
            self.blobs.pop((container, name), None)

    remove = delete

    def names(self, container: str, prefix: str, *, after: str = "") -> Iterator[str]:
        with self._lock:  # threads of trials write at the same time
            names = sorted(name for of, name in self.blobs if of == container and name > after)
        yield from (name for name in names if name.startswith(prefix))

    def _write(self, container: str, name: str, content: bytes) -> bool:
        self.writes += 1
        self.blobs[container, name] = Document(content, str(self.writes))
        return True
