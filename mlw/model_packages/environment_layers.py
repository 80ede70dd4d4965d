"""The image of an environment, layer by layer: from the workspace's registry, or the engine if it is from elsewhere."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.clients.engine import docker_engine, image_pulls
from infra.clients.registry.image_upload import ImageUpload
from infra.clients.service_connection import ServiceConnection
from mlw.environments.base_images import SAVE_SECONDS
from mlw.environments.environment_images import REPOSITORY, EnvironmentImage
from mlw.environments.saved_images import save
from mlw.model_packages.package_errors import ModelPackageError

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer that can be read once.

    Attributes:
        digest: What it must have.
    """

    digest: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayeredImage:
    """An image.

    Attributes:
        config: How its containers run, as the engine has it.
        layers: The lowest first.
    """

    architecture: str
    config: Mapping[str, Any]
    layers: Sequence[Layer]


@contextmanager
def reading(image: EnvironmentImage, registry: ServiceConnection) -> Iterator[LayeredImage]:
    """Read an image.

    Raises:
        ImageMissingError: The engine does not have an image from elsewhere, and cannot pull it.
        ModelPackageError: The registry does not have one of its own.
    """
    if image.digest:
        yield _of_registry(image.digest, ImageUpload(registry, REPOSITORY))
        return
    with tempfile.TemporaryDirectory(prefix="mlw-image-") as place:
        yield _of_engine(image.reference, registry, Path(place))


def _of_registry(digest: str, repository: ImageUpload) -> LayeredImage:
    manifest = repository.manifest_of(digest)
    if not manifest:
        raise ModelPackageError(
            f"reading the image of the environment: the registry does not have '{digest}' any more. Run it again."
        )
    document = json.loads(repository.blob(manifest["config"]["digest"]))
    return LayeredImage(
        architecture=document["architecture"],
        config=document["config"],
        layers=[
            Layer(
                digest=one["digest"],
                size=one["size"],
                pieces=lambda digest=one["digest"]: repository.pieces(digest),  # type: ignore[misc]
            )
            for one in manifest["layers"]
        ],
    )


def _of_engine(reference: str, registry: ServiceConnection, folder: Path) -> LayeredImage:
    is_ours = reference.partition("/")[0] == registry.endpoint.partition("://")[2]
    image_pulls.provide(reference, registry.credentials if is_ours else None)
    with docker_engine.connect(timeout_seconds=SAVE_SECONDS) as client:
        facts = save(client.images.get(reference), folder)
    found = [
        Layer(digest=one["digest"], size=one["size"], pieces=lambda path=folder / one["file"]: _read(path))  # type: ignore[misc]
        for one in facts["layers"]
    ]
    return LayeredImage(architecture=facts["architecture"], config=facts["config"], layers=found)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(_PIECE_BYTES):
            yield piece
