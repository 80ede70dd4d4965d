"""An image as one archive: an OCI image layout in a tar file, which `docker load` reads too.

Everything is written in pieces, and nothing twice: a blob is named by its digest, which is known at its end, so its
header is written last. Times and owners are fixed: the same image is the same file.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from infra.clients.registry.image_upload import CONFIG, LAYER, MANIFEST
from infra.image_layers.layers import TIME

_INDEX = "application/vnd.oci.image.index.v1+json"
_FOLDER = "blobs/sha256"


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """One blob of an archive."""

    digest: str
    size: int

    @property
    def name(self) -> str:
        """Its place in the archive."""
        return f"{_FOLDER}/{self.digest.partition(':')[2]}"

    def descriptor(self, media_type: str, **more: object) -> dict[str, Any]:
        """How others refer to it."""
        return {"mediaType": media_type, "digest": self.digest, "size": self.size, **more}


class ImageArchive:
    """An archive that is being written.

    Args:
        out: Where to; can seek.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._names = out, set[str]()

    def add(self, pieces: Iterable[bytes]) -> Blob:
        """Write a blob; one that is there already only once."""
        start = self._out.tell()
        self._out.write(bytes(tarfile.BLOCKSIZE))
        hashed, size = hashlib.sha256(), 0
        for piece in pieces:
            hashed.update(piece)
            size += self._out.write(piece)
        blob = Blob(digest=f"sha256:{hashed.hexdigest()}", size=size)
        if blob.name in self._names:
            self._out.seek(start)
            self._out.truncate()
            return blob
        self._names.add(blob.name)
        self._out.write(bytes(-size % tarfile.BLOCKSIZE))
        end = self._out.tell()
        self._out.seek(start)
        self._out.write(_header(blob.name, size))
        self._out.seek(end)
        return blob

    def finish(self, config: Mapping[str, Any], layers: Sequence[Blob], reference: str) -> str:
        """Write configuration, manifest and index; returns the digest of the image.

        Args:
            config: Its configuration.
            layers: Blobs that were added, the lowest first.
            reference: Its name.
        """
        configured = self.add([_json(config)])
        manifest = self.add([_json({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": configured.descriptor(CONFIG),
            "layers": [one.descriptor(LAYER) for one in layers],
        })])  # fmt: skip
        platform = {"architecture": config["architecture"], "os": config["os"]}
        names = {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
        }
        index = {
            "schemaVersion": 2, "mediaType": _INDEX,
            "manifests": [manifest.descriptor(MANIFEST, platform=platform, annotations=names)],
        }  # fmt: skip
        self._file("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        self._file("index.json", _json(index))
        # What `docker load` reads, in all versions.
        docker = [{"Config": configured.name, "RepoTags": [reference], "Layers": [one.name for one in layers]}]
        self._file("manifest.json", _json(docker))
        self._out.write(bytes(2 * tarfile.BLOCKSIZE))
        return manifest.digest

    def _file(self, name: str, content: bytes) -> None:
        self._out.write(_header(name, len(content)) + content + bytes(-len(content) % tarfile.BLOCKSIZE))


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = size, TIME
    return entry.tobuf(tarfile.GNU_FORMAT)
