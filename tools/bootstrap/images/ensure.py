"""All services' images on the engine: found, fetched or built.

The quick way out comes first: one call tells whether all canonical tags carry the current recipe. What is missing is
asked for at the registries, all services at once (a network that swallows requests costs one time-out, not four); what
they do not give is built one by one, since one build already uses every core. Every finished binary is kept, so a run
that was killed goes on where it was.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from infra.host import folders
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import assemble, basefiles, docker_cli, gobuild, image_sources, image_table
from tools.bootstrap.images.build_context import BaseFiles
from tools.bootstrap.images.image_sources import Fetched
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.images.recipe import RECIPE_LABEL, image_recipe
from tools.bootstrap.progress import Report

MIRROR_VARIABLE = "MLW_IMAGE_REGISTRY"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What the kernel and the engine call the same processor."""


class ImageError(BootstrapError):
    """An image could not be provided; the text says what was tried and what to do."""


def missing(services: Sequence[Service] | None = None) -> list[Service]:
    """Return the services whose canonical tag is absent, or was made by another recipe; one call of the engine."""
    wanted = image_table.load() if services is None else services
    try:
        local = docker_cli.inspect([service.image for service in wanted])
    except docker_cli.DockerError as exc:
        raise ImageError(f"looking for the services' images: {exc}. Start Docker, or set DOCKER_HOST.") from exc
    return [
        service
        for service in wanted
        if service.image not in local or local[service.image].labels.get(RECIPE_LABEL) != image_recipe(service)
    ]


def ensure(*, mirror: str | None, report: Report, services: Sequence[Service] | None = None) -> list[str]:
    """Provide every image.

    Args:
        mirror: Registry to ask first. When it is not given: `MLW_IMAGE_REGISTRY`, else what the stack named by
            `STACK` (which `make up STACK=...` sets; by default `dev`) configures as `imageRegistry`.
        report: Takes the progress lines.
        services: Which ones; all by default.

    Returns:
        The tags that had to be made.

    Raises:
        ImageError: An image cannot be provided; what was finished before stays.
    """
    absent = missing(services)
    if not absent:
        return []
    registry = (
        mirror or os.environ.get(MIRROR_VARIABLE) or image_table.configured_mirror(os.environ.get("STACK", "dev"))
    )
    if registry and (problem := image_table.mirror_problem(registry)):
        raise ImageError(problem)
    try:
        _provide(absent, registry, report)
    except (docker_cli.DockerError, basefiles.BaseFileError, assemble.UnfitImageError) as exc:
        hint = " Free some space where the engine keeps its images." if "no space left" in str(exc) else ""
        raise ImageError(f"providing the services' images: {exc}.{hint}") from exc
    except OSError as exc:
        raise ImageError(f"providing the services' images: {exc.strerror} ({exc.filename or folders.build()})") from exc
    return [service.image for service in absent]


def _provide(absent: Sequence[Service], mirror: str | None, report: Report) -> None:
    """Fetch what registries have, build the rest."""
    assemble.sweep()
    with tempfile.TemporaryDirectory(dir=folders.private_folder(folders.build()), prefix="images-") as folder:
        fetch = partial(image_sources.fetch, mirror=mirror, folder=Path(folder), report=report)
        with ThreadPoolExecutor(max_workers=len(absent)) as pool:
            fetched = list(pool.map(fetch, absent))
        unfinished = [(service, one) for service, one in zip(absent, fetched, strict=True) if not one.finished]
        if unfinished:
            _assemble_all(unfinished, _base_files(), report)
    # Once more: what a killed run had asked the engine for may have been made after the first look.
    assemble.sweep()
    assemble.remove_replaced()


def _assemble_all(unfinished: Sequence[tuple[Service, Fetched]], base: BaseFiles, report: Report) -> None:
    """Make one image after another."""
    for number, (service, answer) in enumerate(unfinished, 1):
        tell = partial(_tell, report, f"{service.name} ({number} of {len(unfinished)})")
        tell(_assemble(service, answer, base, tell))


def _tell(report: Report, label: str, line: str) -> None:
    """Report a line about one service."""
    report(f"{label}: {line}")


def _base_files() -> BaseFiles:
    """Collect what every image gets besides its binary, if this host can make images at all."""
    check_machine(
        platform.system(), platform.machine(), docker_cli.call("version", "--format", "{{.Server.Arch}}").strip()
    )
    return BaseFiles(busybox=basefiles.busybox(), certificates=basefiles.certificates())


def _assemble(service: Service, answer: Fetched, base: BaseFiles, tell: Report) -> str:
    """Make the image from the fetched binary, or from one that is built now; return how."""
    finish = partial(assemble.finish, service, base=base, recipe=image_recipe(service))
    if answer.binary is not None:
        try:
            finish(binary=answer.binary, source=answer.source)
        except assemble.UnfitImageError as exc:
            answer.refusals.append(str(exc))
        else:
            return f"made from the {answer.source} image"
    for refusal in answer.refusals:
        tell(f"not from a registry: {refusal}")
    finish(binary=gobuild.binary(service, tell), source="built")
    return "built"


def check_machine(system: str, machine: str, engine: str) -> None:
    """Refuse to put this host's programs into images for another kind of machine."""
    if system == "Linux" and MACHINES.get(machine, machine) == engine:
        return
    raise ImageError(
        f"making the services' images: this host is {system} on {machine}, the engine runs linux on {engine}. "
        f"Images can be made only on the engine's own kind of machine: make them there, push them with "
        f"'python3 -m tools.bootstrap images --push HOST', and set {MIRROR_VARIABLE}=HOST here."
    )
