"""Uploads images to a container registry, over its HTTP API: no engine, nothing sent that the registry already has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions
from infra.errors import ServiceError

if TYPE_CHECKING:
    import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
_TIMEOUT_SECONDS = (10.0, 300.0)
_PIECE_BYTES = 1 << 20


class PushRejectedError(ServiceError):
    """The login may not push."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerFile:
    """One layer, as a tar archive that is not compressed.

    Attributes:
        digest: ``sha256:...`` of the file; an image's configuration names the layer by it too.
    """

    path: Path
    digest: str
    size: int


class ImageUpload:
    """One repository of a registry, used with the given user.

    Args:
        connection: Connection with user name and password.
        repository: Name of the repository; the first upload creates it.
    """

    def __init__(self, connection: ServiceConnection, repository: str) -> None:
        self.repository = repository
        self._endpoint = connection.endpoint
        self._session = tls_sessions.session(connection.ca_certificate)
        self._session.auth = (connection.credentials["username"], connection.credentials["password"])

    def digest_of(self, tag: str) -> str:
        """Digest of a tag's manifest; empty if there is none.

        Raises:
            ServiceError: The registry returned an error.
        """
        doing = f"looking for '{self.repository}:{tag}'"
        found = self._send("HEAD", f"manifests/{tag}", doing, headers={"Accept": MANIFEST}, also=HTTPStatus.NOT_FOUND)
        return found.headers.get("Docker-Content-Digest", "") if found.status_code == HTTPStatus.OK else ""

    def manifest_of(self, tag: str) -> dict[str, Any]:
        """The manifest of a tag or digest; empty if there is none."""
        doing = f"reading '{self.repository}:{tag}'"
        found = self._send("GET", f"manifests/{tag}", doing, headers={"Accept": MANIFEST}, also=HTTPStatus.NOT_FOUND)
        return dict(found.json()) if found.status_code == HTTPStatus.OK else {}

    def blob(self, digest: str) -> bytes:
        """The content of a small blob, such as an image's configuration."""
        return bytes(self._send("GET", f"blobs/{digest}", f"reading a blob of '{self.repository}'").content)

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content of a large blob, in pieces."""
        doing = f"reading a layer of '{self.repository}'"
        with (
            reporting_unreachable(f"container registry ({doing})", self._endpoint),
            self._send("GET", f"blobs/{digest}", doing, stream=True) as found,
        ):
            yield from found.iter_content(_PIECE_BYTES)

    def has_blob(self, digest: str) -> bool:
        """Whether the repository has a blob."""
        doing = f"looking for a layer in '{self.repository}'"
        found = self._send("HEAD", f"blobs/{digest}", doing, also=HTTPStatus.NOT_FOUND)
        return found.status_code == HTTPStatus.OK

    def push_layer(self, layer: LayerFile) -> bool:
        """Upload a layer unless the repository has it; returns whether it was sent."""
        if self.has_blob(layer.digest):
            return False
        with layer.path.open("rb") as content:
            self._push_blob(layer.digest, content)
        return True

    def push_image(self, tag: str, config: Mapping[str, Any], layers: Sequence[LayerFile]) -> str:
        """Upload configuration and manifest; the layers must be there. Returns the image's digest.

        The manifest comes last: until then the repository has no image, only blobs that a garbage collection deletes.
        """
        document = json.dumps(config, sort_keys=True).encode()
        digest = digest_of(document)
        if not self.has_blob(digest):
            self._push_blob(digest, document)
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest, "size": len(document)},
                "layers": [{"mediaType": LAYER, "digest": one.digest, "size": one.size} for one in layers],
            },
            sort_keys=True,
        ).encode()
        doing = f"pushing '{self.repository}:{tag}'"
        self._send("PUT", f"manifests/{tag}", doing, headers={"Content-Type": MANIFEST}, data=manifest)
        return digest_of(manifest)

    def delete(self, digest: str) -> bool:
        """Delete a manifest with all its tags; returns whether it was there."""
        doing = f"deleting '{self.repository}@{digest}'"
        return self._send("DELETE", f"manifests/{digest}", doing, also=HTTPStatus.NOT_FOUND).status_code != (
            HTTPStatus.NOT_FOUND
        )

    def _push_blob(self, digest: str, content: Any) -> None:  # noqa: ANN401 - bytes, or an open file
        doing = f"pushing a layer of '{self.repository}'"
        begun = self._send("POST", "blobs/uploads/", doing)
        place = urljoin(self._endpoint, begun.headers["Location"])
        # The registry may name itself as it is called elsewhere; only the path and the query are taken.
        path = place.partition("/v2/")[2]
        joint = "&" if "?" in path else "?"
        headers = {"Content-Type": "application/octet-stream"}
        self._request("PUT", f"{path}{joint}digest={digest}", doing, headers=headers, data=content)

    def _send(self, method: str, path: str, doing: str, **options: Any) -> requests.Response:  # noqa: ANN401 - passed on
        return self._request(method, f"{self.repository}/{path}", doing, **options)

    def _request(
        self,
        method: str,
        path: str,
        doing: str,
        also: HTTPStatus | None = None,
        **options: Any,  # noqa: ANN401 - passed on
    ) -> requests.Response:
        with reporting_unreachable(f"container registry ({doing})", self._endpoint):
            response = self._session.request(
                method, f"{self._endpoint}/v2/{path}", timeout=_TIMEOUT_SECONDS, allow_redirects=False, **options
            )
        if response.ok or response.status_code == also:
            return response
        raise _failure(response.status_code, f"{doing} in the container registry at {self._endpoint}")


def digest_of(content: bytes) -> str:
    """The digest by which a registry names content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _failure(status: int, doing: str) -> ServiceError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return PushRejectedError(
            f"{doing}: it rejected the credentials ({status}). The role needs "
            "Microsoft.ContainerRegistry/registries/push/write; `mlw roles list` shows which roles include it."
        )
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return ServiceError(
            f"{doing}: it accepts no pushes at present (405), e.g. during `mlw registry gc`. Run the command again "
            "when that has finished. With `--principal`: its role can only pull, and needs "
            "Microsoft.ContainerRegistry/registries/push/write."
        )
    return ServiceError(f"{doing}: it returned status {status}. `mlw logs STACK registry` shows its log.")
