"""Data of a storage account in memory: stands in for `BlobData`, without conditions on rights."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from infra.clients.storage.blob_data import BlobEntry


class MemoryBlobs:
    """One storage account."""

    def __init__(self) -> None:
        self.content: dict[tuple[str, str], bytes] = {}

    def find(self, container: str, name: str) -> BlobEntry | None:
        found = self.content.get((container, name))
        if found is None:
            return None
        return BlobEntry(name=name, size=len(found), etag=hashlib.sha256(found).hexdigest())

    def below(self, container: str, prefix: str) -> Iterator[BlobEntry]:
        for of, name in sorted(self.content):
            found = self.find(of, name)
            if of == container and name.startswith(prefix) and found:
                yield found

    @contextmanager
    def reading(self, container: str, name: str) -> Iterator[Iterator[bytes]]:
        yield iter([self.content[container, name]])

    def write(self, container: str, name: str, content: BinaryIO, *, size: int | None = None) -> BlobEntry:
        data = content.read() if size is None else content.read(size)
        self.content[container, name] = data
        return BlobEntry(name=name, size=len(data), etag="")

    def write_file(self, container: str, name: str, file: Path) -> None:
        self.content[container, name] = file.read_bytes()
