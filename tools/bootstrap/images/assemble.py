"""Make the finished local image from a binary, and prove that it runs.

Images from all sources are made here, so that a pulled, a mirrored and a built image differ in one label only. The
canonical tag moves last and atomically: it names either the old image or the finished new one.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from infra.host import atomic_files, folders
from tools.bootstrap.images import build_context, docker_cli
from tools.bootstrap.images.recipe import RECIPE_LABEL

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bootstrap.images.build_context import BaseFiles
    from tools.bootstrap.images.image_table import Service

VERSION_SECONDS = 60.0
CANDIDATE = "ml-workspace/{service}:candidate-{recipe}"
CONFINED = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


class UnfitImageError(Exception):
    """An image does not run, or has another version than the table; the text is one line."""


def finish(service: Service, *, binary: Path, base: BaseFiles, recipe: str, source: str) -> None:
    """Build the image around a binary, run it once, and give it the canonical tag."""
    candidate = CANDIDATE.format(service=service.name, recipe=recipe)
    with tempfile.TemporaryFile(dir=folders.private_folder(folders.build())) as stream:
        build_context.write(stream, service, base, binary, recipe=recipe, source=source)
        stream.seek(0)
        docker_cli.build(stream, candidate)
    try:
        adopt(service, candidate)
    finally:
        docker_cli.call("rmi", candidate)


def adopt(service: Service, reference: str) -> None:
    """Give a finished image the canonical tag, once it is verified."""
    verify(service, reference)
    docker_cli.call("tag", reference, service.image)


def sweep() -> None:
    """Remove what killed runs left: candidates, and containers that only provided files or their version."""
    candidates = CANDIDATE.format(service="*", recipe="*")
    docker_cli.remove_each("rm", "ps", "--all", "--filter", f"label={docker_cli.SCRATCH_LABEL}")
    docker_cli.remove_each("rmi", "images", "--filter", f"reference={candidates}")


def remove_replaced() -> None:
    """Remove the bootstrap's images whose tag moved to a newer one.

    The engine keeps those that a container still uses; `make up` removes them after it has replaced that container.
    """
    ours = f"label={RECIPE_LABEL}"
    docker_cli.call("image", "prune", "--force", "--filter", ours)
    kept = docker_cli.call("images", "--quiet", "--no-trunc", "--filter", "dangling=true", "--filter", ours).split()
    if kept:
        atomic_files.write(folders.replaced_images(), "\n".join(kept))


def verify(service: Service, reference: str) -> None:
    """Run the binary once, with as few privileges as in a workspace, and check its version."""
    try:
        said = docker_cli.call(
            "run",
            "--rm",
            "--label",
            docker_cli.SCRATCH_LABEL,
            *CONFINED,
            reference,
            "--version",
            seconds=VERSION_SECONDS,
        )
    except docker_cli.DockerError as exc:
        raise UnfitImageError(f"{reference} does not run: {exc}") from exc
    if service.version not in said:
        first = said.strip().partition("\n")[0]
        raise UnfitImageError(f"{reference} reports the version {first!r}, expected {service.version!r}")
