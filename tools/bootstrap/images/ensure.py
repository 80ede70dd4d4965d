"""All services' images on the engine: found, fetched or built.

One call to the engine tells whether all canonical tags carry the current recipe. Missing images are requested from the
registries, all services at once, so that a network that drops requests costs one timeout instead of five. What they do
not have is built one by one, since one build already uses every core. Finished binaries are kept, so that an
interrupted run continues where it was.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from infra.host import folders
from tools.bootstrap import fetching_ahead
from tools.bootstrap.artefacts import Artefact
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.images import assemble, basefiles, docker_cli, gobuild, image_sources, image_table
from tools.bootstrap.images.build_context import BaseFiles
from tools.bootstrap.images.image_sources import Fetched
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.images.recipe import RECIPE_LABEL, image_recipe
from tools.bootstrap.progress import Report
from tools.bootstrap.remaining_time import RemainingTime

MIRROR_VARIABLE = "MLW_IMAGE_REGISTRY"
BUILT = "built"


class ImageError(BootstrapError):
    """An image could not be provided; the text says what was tried and what to do."""


def missing(services: Sequence[Service] | None = None) -> list[Service]:
    """Return the services whose canonical tag is absent or comes from another recipe, with one call to the engine."""
    wanted = _default() if services is None else services
    try:
        local = docker_cli.inspect([service.image for service in wanted])
    except docker_cli.DockerError as exc:
        raise ImageError(f"looking for the services' images: {exc}. Start Docker, or set DOCKER_HOST.") from exc
    return [
        service
        for service in wanted
        if service.image not in local or local[service.image].labels.get(RECIPE_LABEL) != image_recipe(service)
    ]


def _default() -> tuple[Service, ...]:
    """What `make up STACK=…` needs, or any stack of the project."""
    return image_table.needed(os.environ.get("STACK"))


def jobs(services: Sequence[Service] | None = None) -> list[str]:
    """Services of which no earlier run has built what takes long; for an estimate of the time."""
    wanted = _default() if services is None else services
    return [job(service) for service in wanted if not _artefact(service).is_present()]


def job(service: Service) -> str:
    """The row of :data:`tools.bootstrap.remaining_time.SECONDS` for an image; `python` is the project's environment."""
    return f"{service.name}-image" if service.base else service.name


def _artefact(service: Service) -> Artefact:
    if not service.base:
        return gobuild.artefact(service)
    from tools.bootstrap.python_images import building  # noqa: PLC0415 - only for what is missing; ten milliseconds

    return building.artefact(service)


def programs(services: Sequence[Service] | None = None) -> list[Program]:
    """What has to be built if no registry has the images."""
    wanted = _default() if services is None else services
    binaries = [service for service in wanted if not service.base]
    return [gobuild.program(service) for service in binaries if not gobuild.artefact(service).is_present()]


def ensure(
    *,
    mirror: str | None,
    report: Report,
    services: Sequence[Service] | None = None,
    remaining: RemainingTime | None = None,
) -> list[str]:
    """Provide every image.

    Args:
        mirror: Registry to ask first. When it is not given: `MLW_IMAGE_REGISTRY`, else what the stack named by
            `STACK` (which `make up STACK=...` sets; by default `dev`) configures as `imageRegistry`.
        report: Takes the progress lines.
        services: Which ones; by default those that the stack needs, or any stack if none is named.
        remaining: Follows what is done.

    Returns:
        The tags that were missing.

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
        _provide(absent, registry, report, remaining or RemainingTime())
    except (docker_cli.DockerError, basefiles.BaseFileError, assemble.UnfitImageError) as exc:
        hint = " Free some space where the engine keeps its images." if "no space left" in str(exc) else ""
        raise ImageError(f"providing the services' images: {exc}.{hint}") from exc
    except OSError as exc:
        raise ImageError(f"providing the services' images: {exc.strerror} ({exc.filename or folders.build()})") from exc
    return [service.image for service in absent]


def _provide(absent: Sequence[Service], mirror: str | None, report: Report, remaining: RemainingTime) -> None:
    """Fetch what registries have, build the rest."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only for what is missing; ten milliseconds

    assemble.sweep()
    with tempfile.TemporaryDirectory(dir=folders.private_folder(folders.build()), prefix="images-") as folder:
        fetch = partial(image_sources.fetch, mirror=mirror, folder=Path(folder), report=report)
        with ThreadPoolExecutor(max_workers=len(absent)) as pool:
            fetched = list(pool.map(fetch, absent))
        unfinished = [(service, one) for service, one in zip(absent, fetched, strict=True) if not one.finished]
        for service in absent:
            if service not in [one for one, _ in unfinished]:
                remaining.end(job(service), built=False)
        if unfinished:
            later = programs([service for service, answer in unfinished[1:] if answer.binary is None])
            with fetching_ahead.fetching(later):
                _assemble_all(unfinished, report, remaining)
    # Again: the engine may have finished after the first sweep what a killed run had requested.
    assemble.sweep()
    assemble.remove_replaced()


def _assemble_all(unfinished: Sequence[tuple[Service, Fetched]], report: Report, remaining: RemainingTime) -> None:
    """Make one image after another."""
    _check_this_machine()
    base = cache(_base_files)
    for number, (service, answer) in enumerate(unfinished, 1):
        tell = partial(_tell, report, f"{service.name} ({number} of {len(unfinished)})")
        remaining.begin(job(service))
        how = _assemble(service, answer, base, tell)
        remaining.end(job(service), built=how == BUILT)
        tell(how)


def _tell(report: Report, label: str, line: str) -> None:
    """Report a line about one service."""
    report(f"{label}: {line}")


def _check_this_machine() -> None:
    """Fail if this host cannot make images at all."""
    import platform  # noqa: PLC0415 - as above

    check_machine(
        platform.system(), platform.machine(), docker_cli.call("version", "--format", "{{.Server.Arch}}").strip()
    )


def _base_files() -> BaseFiles:
    """Collect what every image of a binary contains besides it."""
    return BaseFiles(busybox=basefiles.busybox(), certificates=basefiles.certificates())


def _assemble(service: Service, answer: Fetched, base: Callable[[], BaseFiles], tell: Report) -> str:
    """Make the image from the fetched binary, or from what is built here; return which."""
    recipe = image_recipe(service)
    if answer.binary is not None:
        try:
            assemble.finish(service, binary=answer.binary, base=base(), recipe=recipe, source=answer.source)
        except assemble.UnfitImageError as exc:
            answer.refusals.append(str(exc))
        else:
            return f"made from the {answer.source} image"
    for refusal in answer.refusals:
        tell(f"not from a registry: {refusal}")
    if service.base:
        from tools.bootstrap.python_images import building  # noqa: PLC0415 - as above

        building.finish(service, recipe=recipe, report=tell)
    else:
        assemble.finish(service, binary=gobuild.binary(service, tell), base=base(), recipe=recipe, source="built")
    return BUILT


def check_machine(system: str, machine: str, engine: str) -> None:
    """Fail where this host's programs would not run in the engine's containers."""
    if system == "Linux" and image_table.MACHINES.get(machine, machine) == engine:
        return
    raise ImageError(
        f"making the services' images: this host is {system} on {machine}, the engine runs linux on {engine}. "
        f"Images can only be made on a machine like the engine's: make them there, push them with "
        f"'python3 -m tools.bootstrap images --push HOST', and set {MIRROR_VARIABLE}=HOST here."
    )
