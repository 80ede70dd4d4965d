"""An HTTP client of the container registry, as any OCI tool has, and tiny artifacts to push.

Only the distribution specification's own requests: start an upload, put a blob, put a manifest, get them back.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.support.ca_certificates import ca_file

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A manifest and the blobs that it names, by digest."""

    manifest: bytes
    blobs: Mapping[str, bytes]


def digest_of(content: bytes) -> str:
    """Return the content's sha256 digest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def sha512_of(content: bytes) -> str:
    """Return the content's sha512 digest."""
    return f"sha512:{hashlib.sha512(content).hexdigest()}"


def layer_with(name: str, content: bytes) -> bytes:
    """Return an uncompressed tar with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def tiny_image(content: bytes) -> Artifact:
    """Return a runnable image's worth of manifest, configuration and one layer."""
    layer = layer_with("content", content)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
    ).encode()
    return _artifact(config=(IMAGE_CONFIG, config), layer=(IMAGE_LAYER, gzip.compress(layer, mtime=0)))


def image_with_layer(layer: bytes, *, digest: str = "") -> Artifact:
    """Return an image that names its layer by a digest, by default the sha256 digest."""
    made = _artifact(config=(IMAGE_CONFIG, b"{}"), layer=(IMAGE_LAYER, layer))
    if not digest:
        return made
    usual = digest_of(layer)
    blobs = {digest if one == usual else one: content for one, content in made.blobs.items()}
    return Artifact(manifest=made.manifest.replace(usual.encode(), digest.encode()), blobs=blobs)


def tiny_artifact(content: bytes, *, kind: str) -> Artifact:
    """Return an OCI artifact that is not an image: a model, say."""
    return _artifact(config=(EMPTY_CONFIG, b"{}"), layer=("application/octet-stream", content), artifactType=kind)


def _artifact(*, config: tuple[str, bytes], layer: tuple[str, bytes], **extra: str) -> Artifact:
    def descriptor(media_type: str, content: bytes) -> dict[str, object]:
        return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        **extra,
        "config": descriptor(*config),
        "layers": [descriptor(*layer)],
    }
    blobs = {digest_of(content): content for _, content in (config, layer)}
    return Artifact(manifest=json.dumps(manifest).encode(), blobs=blobs)


class RegistryClient:
    """One authenticated (or, without credentials, anonymous) client of the registry at one of its two ports."""

    def __init__(
        self, outputs: Mapping[str, Any], *, credentials: tuple[str, str] | None, use: str = "registry"
    ) -> None:
        # The registry's address has no scheme, as `docker login` wants it: that of its neighbours holds.
        scheme = urlsplit(outputs["endpoints"]["storage"]).scheme
        self._base = f"{scheme}://{outputs['endpoints'][use]}/v2/"
        self._verify = ca_file(outputs) or True
        self._auth = credentials

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        """Send one request; a path may be relative to ``/v2/`` or a whole address."""
        return requests.request(
            method,
            urljoin(self._base, path),
            auth=self._auth,
            timeout=SECONDS,
            verify=self._verify,
            headers=headers,
            params=params,
            data=data,
        )

    def upload(self, repository: str, digest: str, content: bytes) -> None:
        """Upload one blob."""
        started = self.request("POST", f"{repository}/blobs/uploads/")
        started.raise_for_status()
        put = self.request("PUT", started.headers["Location"], params={"digest": digest}, data=content)
        put.raise_for_status()

    def push(self, repository: str, tag: str, artifact: Artifact, *, manifest_type: str = IMAGE_MANIFEST) -> None:
        """Upload the blobs, then the manifest that names them."""
        for digest, content in artifact.blobs.items():
            self.upload(repository, digest, content)
        headers = {"Content-Type": manifest_type}
        self.request("PUT", f"{repository}/manifests/{tag}", data=artifact.manifest, headers=headers).raise_for_status()

    def pull(self, repository: str, reference: str) -> Artifact:
        """Fetch a manifest and every blob that it names."""
        answer = self.request("GET", f"{repository}/manifests/{reference}", headers={"Accept": IMAGE_MANIFEST})
        answer.raise_for_status()
        manifest = json.loads(answer.content)
        blobs = {}
        for descriptor in (manifest["config"], *manifest["layers"]):
            blob = self.request("GET", f"{repository}/blobs/{descriptor['digest']}")
            blob.raise_for_status()
            blobs[descriptor["digest"]] = blob.content
        return Artifact(manifest=answer.content, blobs=blobs)


def registry_client(outputs: Mapping[str, Any]) -> RegistryClient:
    """Return a client with the stack's own credentials."""
    registry = outputs["credentials"]["registry"]
    return RegistryClient(outputs, credentials=(registry["username"], registry["password"]))
