"""An image as `docker load` reads it: layers, a configuration, and the tag.

The image's id is the digest of the configuration, which has a fixed time. `docker build` would write the current one.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from infra.image_layers import layers

CREATED = "2000-01-01T00:00:00Z"


def write(out: IO[bytes], *, tag: str, architecture: str, stacked: Sequence[Path], config: Mapping[str, Any]) -> str:
    """Write an image and return its id.

    Args:
        out: Where to.
        tag: Reference that the engine gives it.
        architecture: The engine's name of the processor.
        stacked: Layers, the lowest first.
        config: How containers run: user, environment, entry point, labels.
    """
    digests = [layers.digest(layer) for layer in stacked]
    document = {
        "architecture": architecture,
        "config": config,
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": "tools/bootstrap/python_images"} for _ in stacked],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": digests},
    }
    content = json.dumps(document, sort_keys=True).encode()
    image = hashlib.sha256(content).hexdigest()
    names = [f"{digest.partition(':')[2]}/layer.tar" for digest in digests]
    manifest = [{"Config": f"{image}.json", "RepoTags": [tag], "Layers": names}]
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        _add(archive, f"{image}.json", content)
        for name, layer in zip(names, stacked, strict=True):
            archive.add(layer, name, filter=_plain)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return f"sha256:{image}"


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _plain(tarfile.TarInfo(name))
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode, entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0o644, layers.TIME, 0, 0, "", ""
    return entry
