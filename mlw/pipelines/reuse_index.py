"""The index of results that can be reused, in the workspace's artifact store.

| Blob | What |
|---|---|
| `jobs/-reuse/results/<key>.json` | content, job and outputs of a step that completed |
| `jobs/-reuse/steps/<step>/<time>-<key>` | the last results of a step, the newest first; to find what has changed |
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Protocol

from infra.clients.storage.conditional_documents import Document
from mlw.jobs.command_jobs import BlobLocation
from mlw.pipelines.step_content import Content, differences, key_of

_RESULTS, _STEPS = "jobs/-reuse/results/", "jobs/-reuse/steps/"
_LATEST = 9_999_999_999_999
_COMPARED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class StepResult:
    """A completed step.

    Attributes:
        step: Its name in its pipeline.
        job: The job that ran.
        outputs: Where its outputs are stored.
    """

    step: str
    job: str
    content: Content
    outputs: Mapping[str, BlobLocation] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Identifies its content."""
        return key_of(self.content)


class IndexDocuments(Protocol):
    """Small blobs; :class:`infra.clients.storage.conditional_documents.ConditionalDocuments` is the real one."""

    def read(self, container: str, name: str, /) -> Document | None:
        """Read one; None if there is none."""

    def create(self, container: str, name: str, content: bytes, /) -> bool:
        """Write one unless it exists."""

    def replace(self, container: str, name: str, content: bytes, /, *, revision: str) -> bool:
        """Replace one unless it has changed."""

    def names(self, container: str, prefix: str, /) -> Iterator[str]:
        """Names that begin with a prefix, in order."""


class ReuseIndex:
    """Results of the steps of one workspace.

    Args:
        documents: The storage account.
        container: Container of the artifact store.
    """

    def __init__(self, documents: IndexDocuments, container: str) -> None:
        self._documents, self._container = documents, container

    def find(self, key: str) -> StepResult | None:
        """The result of a content; None if there is none."""
        found = self._documents.read(self._container, _blob(key))
        return _read(found) if found else None

    def add(self, result: StepResult) -> None:
        """Add a result; the latest one of a content counts."""
        blob, content = _blob(result.key), json.dumps(asdict(result), ensure_ascii=False).encode()
        while not self._documents.create(self._container, blob, content):
            found = self._documents.read(self._container, blob)
            if found and self._documents.replace(self._container, blob, content, revision=found.revision):
                break
        moment = _LATEST - int(time.time() * 1000)
        self._documents.create(self._container, f"{_STEPS}{result.step}/{moment:013d}-{result.key}", b"")

    def changes(self, step: str, content: Content) -> list[str]:
        """What has changed since the most similar earlier result of a step; empty if it never completed."""
        names = islice(self._documents.names(self._container, f"{_STEPS}{step}/"), _COMPARED)
        earlier = filter(None, (self.find(name.rpartition("-")[2]) for name in names))
        return min((differences(one.content, content) for one in earlier), key=len, default=[])


def _blob(key: str) -> str:
    return f"{_RESULTS}{key}.json"


def _read(document: Document) -> StepResult:
    found = json.loads(document.content)
    return StepResult(**{**found, "outputs": {name: BlobLocation(**one) for name, one in found["outputs"].items()}})
