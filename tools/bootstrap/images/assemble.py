"""Make the finished local image from a binary, and prove that it runs.

Images from all sources are made here, so that a pulled, a mirrored and a built image differ in one label only. The
canonical tag moves last and atomically: it names either the old image or the finished new one.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING

from infra.host import folders, replaced_image_ids
from tools.bootstrap.images import build_context, docker_cli

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
    move_tag(service.image, reference)


def move_tag(tag: str, reference: str) -> None:
    """Give an image a tag, and note the image that has it now."""
    present, wanted = docker_cli.find(tag), docker_cli.find(reference)
    is_replaced = present is not None and wanted is not None and present.identity != wanted.identity
    with replaced_image_ids.noting(present.identity) if present and is_replaced else contextlib.nullcontext():
        docker_cli.call("tag", reference, tag)


def sweep() -> None:
    """Remove what killed runs left: candidates, and containers that only provided files or their version."""
    candidates = CANDIDATE.format(service="*", recipe="*")
    docker_cli.remove_each("rm", "ps", "--all", "--filter", f"label={docker_cli.SCRATCH_LABEL}")
    docker_cli.remove_each("rmi", "images", "--filter", f"reference={candidates}")


def remove_replaced() -> None:
    """Remove the images whose tag the bootstrap has moved to a newer one; images of others are left alone.

    The engine keeps those that a container still uses, of whatever home; `make up` and `make down` remove them later.
    """
    if not replaced_image_ids.are_noted():
        return
    with replaced_image_ids.changing() as ids:
        ids[:] = [identity for identity in ids if not _remove(identity)]


def _remove(identity: str) -> bool:
    """Remove an image that has no tag; false if a container uses it."""
    image = docker_cli.find(identity)
    if image is None or image.tags:
        return True
    try:
        docker_cli.call("rmi", identity)
    except docker_cli.DockerError:
        return False
    return True


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
