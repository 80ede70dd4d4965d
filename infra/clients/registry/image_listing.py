"""What a container registry holds: repositories, tags, and the size of what a tag refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions
from infra.errors import ServiceError

if TYPE_CHECKING:
    import requests

TIMEOUT_SECONDS = 20.0
_WORKERS = 6

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One tag.

    Attributes:
        size: Bytes of all layers and the configuration, compressed; of an index the sum of its images' manifests.
        kind: Type of the artifact or of its configuration.
    """

    name: str
    digest: str
    size: int
    kind: str
    layers: int


class ImageListing:
    """One registry, read with the given user.

    Args:
        connection: Connection with user name and password.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self._endpoint = connection.endpoint
        self._session = tls_sessions.session(connection.ca_certificate)
        self._session.auth = (connection.credentials["username"], connection.credentials["password"])

    def repositories(self, *, after: str = "", limit: int) -> list[str]:
        """Names of repositories in the registry's order."""
        found = self._read(f"_catalog?n={limit}&last={quote(after, safe='')}", "listing repositories")
        return [str(name) for name in found.get("repositories") or []]

    def tags(self, repository: str, *, limit: int) -> list[Tag]:
        """Tags of a repository, with digest and size; sorted by name."""
        found = self._read(f"{quote(repository)}/tags/list", f"listing the tags of '{repository}'")
        names = sorted(str(name) for name in found.get("tags") or [])[:limit]
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(lambda name: self._tag(repository, name), names))

    def _tag(self, repository: str, name: str) -> Tag:
        doing = f"reading '{repository}:{name}'"
        response = self._get(f"{quote(repository)}/manifests/{quote(name)}", doing, accept=(*_MANIFESTS, *_INDEXES))
        manifest = response.json()
        inner = [*(manifest.get("layers") or []), *(manifest.get("manifests") or [])]
        config: Mapping[str, Any] = manifest.get("config") or {}
        return Tag(
            name=name,
            digest=response.headers.get("Docker-Content-Digest", ""),
            size=sum(int(part.get("size") or 0) for part in (config, *inner)),
            kind=str(manifest.get("artifactType") or config.get("mediaType") or manifest.get("mediaType") or ""),
            layers=len(inner),
        )

    def _read(self, path: str, doing: str) -> dict[str, Any]:
        return dict(self._get(path, doing).json())

    def _get(self, path: str, doing: str, *, accept: tuple[str, ...] = ("application/json",)) -> requests.Response:
        with _explaining(self._endpoint, doing):
            response = self._session.get(
                f"{self._endpoint}/v2/{path}", headers={"Accept": ", ".join(accept)}, timeout=TIMEOUT_SECONDS
            )
        if response.status_code == HTTPStatus.OK:
            return response
        raise ServiceError(f"{doing} in the container registry at {self._endpoint}: {_reason(response.status_code)}")


@contextmanager
def _explaining(endpoint: str, doing: str) -> Iterator[None]:
    with reporting_unreachable(f"container registry ({doing})", endpoint):
        yield


def _reason(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return f"it rejected the credentials ({status}). A role without 'pull' has none."
    if status == HTTPStatus.NOT_FOUND:
        return "it has no such repository or tag (404). It may have been deleted meanwhile; reload the page."
    return f"it returned status {status}."
