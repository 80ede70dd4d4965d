"""The base of all images of environments: the project's image of Python, taken from the engine once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra import service_images
from infra.clients.engine import docker_engine
from infra.clients.registry.image_upload import LayerFile
from infra.errors import ImageMissingError
from infra.host import file_locks
from infra.image_layers import layers
from mlw.environments import build_cache, saved_images

if TYPE_CHECKING:
    from docker.models.images import Image

ROW = "python"
"""Of `infra/images.toml`."""

SAVE_SECONDS = 300.0
_ROOT, _FACTS = "root", "facts.json"


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """The base, unpacked.

    Attributes:
        identity: The image's id.
        config: How containers of it run.
        architecture: The engine's name of the processor.
        stacked: Its layers, the lowest first.
        root: Its files.
    """

    identity: str
    config: dict[str, Any]
    architecture: str
    stacked: tuple[LayerFile, ...]
    root: Path


def identity() -> str:
    """Id of the base image on the engine.

    Raises:
        ImageMissingError: The engine does not have it.
    """
    with docker_engine.connect() as client:
        return str(_find(client).id)


def load(log: Callable[[str], None]) -> BaseImage:
    """Provide the base as files.

    Raises:
        ImageMissingError: The engine does not have it.
    """
    with docker_engine.connect(timeout_seconds=SAVE_SECONDS) as client:
        image = _find(client)
        folder = build_cache.place("base", str(image.id).partition(":")[2][:16])
        with file_locks.hold(build_cache.place("locks", f"base-{folder.name}"), "unpacking the base image"):
            if not folder.is_dir():
                log("reading the base image from the engine")
                _unpack(image, folder)
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    stacked = tuple(
        LayerFile(path=folder / one["file"], digest=one["digest"], size=one["size"]) for one in facts["layers"]
    )
    return BaseImage(
        identity=str(image.id),
        config=facts["config"],
        architecture=facts["architecture"],
        stacked=stacked,
        root=folder / _ROOT,
    )


def _find(client: Any) -> Image:  # noqa: ANN401 - docker is imported late
    import docker  # noqa: PLC0415 - a tenth of a second

    tag = service_images.table()[ROW].image
    try:
        found: Image = client.images.get(tag)
    except docker.errors.ImageNotFound as exc:
        raise ImageMissingError(
            f"building an environment: the engine has no image '{tag}', which images of environments are built on. Run "
            "`make up STACK=...` of a stack with `ml-workspace:computes`, which brings it."
        ) from exc
    return found


def _unpack(image: Image, folder: Path) -> None:
    """Save an image, and publish its files under their final name when they are complete."""
    unfinished = Path(tempfile.mkdtemp(dir=build_cache.place("work", "x").parent))
    try:
        facts = saved_images.save(image, unfinished)
        layers.unpack([unfinished / one["file"] for one in facts["layers"]], unfinished / _ROOT)
        (unfinished / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
