"""Records of one type, each a small blob with the name in it; one is replaced only if nobody else did so in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from infra.clients.storage.conditional_documents import Document
from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion

_READERS = 8


class RecordDocuments(Protocol):
    """Small blobs; :class:`mlw.jobs.shared_documents.SharedDocuments` is the real one."""

    def read(self, container: str, name: str, /) -> Document | None:
        """Read one; None if there is none."""

    def create(self, container: str, name: str, content: bytes, /) -> bool:
        """Write one unless it exists."""

    def replace(self, container: str, name: str, content: bytes, /, *, revision: str) -> bool:
        """Replace one unless it has changed."""

    def remove(self, container: str, name: str, /) -> None:
        """Delete one; a versioned container keeps it as a version, which needs no right to purge."""

    def names(self, container: str, prefix: str, /) -> Iterator[str]:
        """Names that begin with a prefix, in order."""


class Named(Protocol):
    """A dataclass with a name."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """Its name."""


RecordT = TypeVar("RecordT", bound=Named)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordType(Generic[RecordT]):
    """What is stored where, and what messages call it.

    Attributes:
        make: Makes a record of its document.
        file: What follows the name in the name of a blob.
        title: For messages, e.g. `online endpoint`.
        of: What it belongs to, e.g. ` of endpoint 'churn'`; empty for none.
        hint: How to see all of them, or else their names are listed.
        taken: What to do when a name is taken.
        error: Raised when a name is taken.
        missing: Raised when no record has a name.
    """

    make: Callable[[Mapping[str, Any]], RecordT]
    file: str
    title: str
    of: str = ""
    hint: str = ""
    taken: str = ""
    error: type[MlWorkspaceError]
    missing: type[MlWorkspaceError]


class NamedRecords(Generic[RecordT]):
    """Records of one type below a folder.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
        folder: The folder, with a slash at its end.
        type_: What they are.
    """

    def __init__(self, documents: RecordDocuments, container: str, folder: str, type_: RecordType[RecordT]) -> None:
        self._documents, self._container, self._folder, self._type = documents, container, folder, type_

    def names(self) -> list[str]:
        """Names of all records."""
        found = (one.removeprefix(self._folder) for one in self._documents.names(self._container, self._folder))
        names = (one.removesuffix(self._type.file) for one in found if one.endswith(self._type.file))
        # What belongs to a record is in a folder of its name.
        return [name for name in names if "/" not in name]

    def all(self) -> list[RecordT]:
        """All records."""
        blobs = [self._blob(name) for name in self.names()]
        return [self._type.make(found) for found in read_together(self._documents, self._container, blobs) if found]

    def find(self, name: str) -> RecordT | None:
        """Read one; None if there is none."""
        found = self._documents.read(self._container, self._blob(name))
        return self._type.make(json.loads(found.content)) if found else None

    def read(self, name: str) -> RecordT:
        """Read one.

        Raises:
            MlWorkspaceError: None has this name; of the type that is `missing`.
        """
        found = self.find(name)
        if found is None:
            raise self._missing(name)
        return found

    def create(self, record: RecordT) -> None:
        """Write a new one.

        Raises:
            MlWorkspaceError: The name is taken; of the type that is `error`.
        """
        if not self._documents.create(self._container, self._blob(record.name), as_bytes(record)):
            raise self._type.error(
                f"creating {self._type.title} '{record.name}'{self._type.of}: the name is taken. {self._type.taken}"
            )

    def change(self, name: str, change: Callable[[RecordT], RecordT]) -> RecordT:
        """Change one.

        Raises:
            MlWorkspaceError: None has this name; of the type that is `missing`.
        """
        while True:
            found = self._documents.read(self._container, self._blob(name))
            if found is None:
                raise self._missing(name)
            before = self._type.make(json.loads(found.content))
            after = change(before)
            if after == before or self._documents.replace(
                self._container, self._blob(name), as_bytes(after), revision=found.revision
            ):
                return after

    def write(self, record: RecordT) -> None:
        """Write one, whether there was one or not."""
        blob, content = self._blob(record.name), as_bytes(record)
        while not self._documents.create(self._container, blob, content):
            found = self._documents.read(self._container, blob)
            if found and self._documents.replace(self._container, blob, content, revision=found.revision):
                return

    def remove(self, name: str) -> None:
        """Delete one; a missing one is ignored."""
        self._documents.remove(self._container, self._blob(name))

    def _blob(self, name: str) -> str:
        return f"{self._folder}{name}{self._type.file}"

    def _missing(self, name: str) -> MlWorkspaceError:
        type_, known = self._type, self.names()
        noun = type_.title.rpartition(" ")[2]
        listed = type_.hint or f"{noun.capitalize()}s: {', '.join(known) or 'none'}."
        return type_.missing(
            f"looking for {type_.title} '{name}'{type_.of}: no such {noun}.{suggestion(name, known)} {listed}"
        )


def read_together(documents: RecordDocuments, container: str, blobs: Sequence[str]) -> list[Mapping[str, Any] | None]:
    """Read many blobs at a time; None for each that is gone."""
    if not blobs:
        return []
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only where there are some

    with ThreadPoolExecutor(min(_READERS, len(blobs))) as pool:
        found = pool.map(lambda blob: documents.read(container, blob), blobs)
        return [json.loads(one.content) if one else None for one in found]


def as_bytes(record: Named) -> bytes:
    """A record as its blob has it."""
    return json.dumps(asdict(record), ensure_ascii=False).encode("utf-8", "surrogatepass")
