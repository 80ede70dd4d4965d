"""A service's binary from its pinned Go modules, kept in the cache of finished tools.

What is specific to a service is in `tools/go/<service>/recipe.toml`.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from infra.host import folders
from tools.bootstrap import artefacts, golang, patched_modules
from tools.bootstrap.artefacts import Artefact
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.images import recipe
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.progress import Report


def artefact(service: Service) -> Artefact:
    """The finished binary in the cache."""
    import platform  # noqa: PLC0415 - only for what is missing; ten milliseconds

    module = recipe.go_folder(service)
    facts = platform.machine(), patched_modules.instructions(module)
    made_of = artefacts.recipe_hash(folders.repo(), patched_modules.source_files(module), facts)
    program = PurePosixPath(service.binary).name
    return Artefact(name=service.name, version=service.version, recipe=made_of, files=(program,))


def binary(service: Service, report: Report) -> Path:
    """Return the service's binary; build it unless an earlier run did."""
    finished = artefact(service)
    (program,) = finished.files
    if not finished.is_present():
        report("building from pinned Go modules")
        with artefacts.publish(finished) as folder:
            _build(service, folder / program)
    return finished.folder / program


def program(service: Service) -> Program:
    """What :func:`binary` builds, for fetching its sources ahead."""
    module = recipe.go_folder(service)
    how = patched_modules.recipe(module)
    return Program(module=module, package=how["package"], tags=tuple(how.get("tags", ())), cgo=how.get("cgo", False))


def _build(service: Service, output: Path) -> None:
    """Build the service's program as its module's recipe says."""
    how = patched_modules.recipe(recipe.go_folder(service))
    with patched_modules.prepared(recipe.go_folder(service)) as module:
        golang.build(
            module=module,
            package=how["package"],
            output=output,
            tags=how.get("tags", ()),
            stamp=how.get("stamp", {}),
            cgo=how.get("cgo", False),
        )
