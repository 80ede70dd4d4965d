"""An image of the engine as files: its configuration, and its layers as archives."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import EngineError
from infra.image_layers import layers

if TYPE_CHECKING:
    from docker.models.images import Image


def save(image: Image, folder: Path) -> dict[str, Any]:
    """Save an image to a folder; returns its configuration, architecture, and the files of its layers.

    Raises:
        EngineError: What the engine wrote is not the image.
    """
    saved = folder / "image.tar"
    with saved.open("wb") as out:
        for piece in image.save():
            out.write(piece)
    facts = _divide(saved, folder)
    saved.unlink()
    return facts


def _divide(saved: Path, folder: Path) -> dict[str, Any]:
    """Take layers and configuration out of what the engine has saved."""
    with tarfile.open(saved) as archive:
        manifest = json.loads(_content(archive, "manifest.json"))[0]
        document = json.loads(_content(archive, manifest["Config"]))
        found = []
        for number, (name, digest) in enumerate(zip(manifest["Layers"], document["rootfs"]["diff_ids"], strict=True)):
            file = folder / f"layer-{number}.tar"
            member = archive.extractfile(name)
            if member is None:
                raise EngineError(f"reading an image from the engine: its archive has no '{name}'.")
            with member, file.open("wb") as out:
                shutil.copyfileobj(member, out, 1 << 20)
            if layers.digest(file) != digest:
                raise EngineError(f"reading an image from the engine: '{name}' is not the layer {digest}.")
            found.append({"file": file.name, "digest": digest, "size": file.stat().st_size})
    return {"config": document["config"], "architecture": document["architecture"], "layers": found}


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    return member.read() if member else b""
