"""A container in memory: stands in for `BlobFolders`, without conditions on rights."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from infra.clients.storage.blob_data import BlobEntry
from infra.clients.storage.blob_listing import Blob, Content

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class MemoryFolders:
    """One container."""

    def __init__(self, content: dict[str, bytes] | None = None) -> None:
        self.content = dict(content or {})

    def entries(self, folder: str, *, after: str = "", limit: int) -> list[Blob]:
        found: dict[str, Blob] = {}
        for name, content in self.content.items():
            rest = name.removeprefix(folder)
            if not name.startswith(folder) or not rest:
                continue
            first, slash, _ = rest.partition("/")
            full = f"{folder}{first}{slash}"
            found[full] = Blob(name=full) if slash else Blob(name=full, size=len(content), modified=NOW)
        return [found[name] for name in sorted(found) if name > after][:limit]

    def find(self, name: str) -> BlobEntry | None:
        if name not in self.content:
            return None
        content = self.content[name]
        return BlobEntry(name=name, size=len(content), etag=hashlib.sha256(content).hexdigest())

    def names_below(self, folder: str) -> Iterator[str]:
        return iter(sorted(name for name in self.content if name.startswith(folder)))

    @contextmanager
    def reading(self, name: str) -> Iterator[Content]:
        yield Content(size=len(self.content[name]), pieces=iter([self.content[name]]))

    def create(self, name: str, content: bytes, *, content_type: str) -> bool:
        assert content_type
        return self.content.setdefault(name, content) is content

    def replace(self, name: str, content: bytes, *, revision: str, content_type: str) -> bool:
        assert content_type
        found = self.find(name)
        if found is None or found.etag != revision:
            return False
        self.content[name] = content
        return True

    def copy(self, name: str, to: str) -> None:
        self.content[to] = self.content[name]

    def delete(self, name: str) -> None:
        self.content.pop(name, None)
