"""Get an image without building it: from a private mirror, then from the official registry.

A mirror that was filled by ``images --push`` serves finished images, which are used as they are if their recipe
matches. From any other image only the service's binary is used: the final image is assembled here, so that upstream's
start scripts, file capabilities and shells make no difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.bootstrap.images import assemble, docker_cli
from tools.bootstrap.images.recipe import RECIPE_LABEL, image_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bootstrap.images.image_table import Service
    from tools.bootstrap.progress import Report


@dataclass(slots=True)
class Fetched:
    """The result of asking the registries for one service."""

    finished: bool = False
    """The canonical tag exists; nothing is left to do."""
    binary: Path | None = None
    """The service's binary, if only that could be used."""
    source: str = ""
    refusals: list[str] = field(default_factory=list)
    """One line for each registry without a usable image."""


def fetch(service: Service, *, mirror: str | None, folder: Path, report: Report) -> Fetched:
    """Try the mirror, then the official registry; the first that has the image wins."""
    result = Fetched()
    candidates = [("mirror", service.mirrored(mirror))] if mirror else []
    if service.official:
        candidates.append(("pulled", service.official))
    for source, reference in candidates:
        report(f"pulling {reference}")
        try:
            result.binary = _from_registry(service, reference, folder / service.name, ours=source == "mirror")
        except (docker_cli.DockerError, assemble.UnfitImageError) as exc:
            result.refusals.append(f"{reference}: {exc}")
        else:
            result.finished, result.source = result.binary is None, source
            report(f"{service.name}: {'complete' if result.finished else 'binary'} from {reference}")
            return result
    return result


def _from_registry(service: Service, reference: str, target: Path, *, ours: bool) -> Path | None:
    """Pull a reference; adopt it (and return nothing) or extract its binary.

    The reference is removed afterwards, except an official image that was there before, which the user may need. A
    mirror's name for an image is only used here; if it was there before, a killed run left it.
    """
    is_temporary = ours or docker_cli.find(reference) is None
    docker_cli.pull(reference)
    try:
        image = docker_cli.find(reference)
        if image is not None and image.labels.get(RECIPE_LABEL) == image_recipe(service):
            assemble.adopt(service, reference)
            return None
        if service.base:
            raise assemble.UnfitImageError("it was made by another version of this project")
        with docker_cli.scratch_container(reference) as container:
            docker_cli.copy_out(container, service.binary, target)
        return target
    finally:
        if is_temporary:
            docker_cli.call("rmi", reference)
