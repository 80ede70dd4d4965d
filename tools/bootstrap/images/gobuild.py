"""A service's binary from its pinned Go modules, kept in the cache of finished tools.

What is special about a service stands beside its module in `tools/go/<service>/recipe.toml`, not here. Two services
(MinIO, Vault) are not built as they were released: the module is copied, mended by the listed edits and built from the
copy.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

from infra.host import folders
from tools.bootstrap import artefacts, golang
from tools.bootstrap.artefacts import Artefact
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import recipe
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.progress import Report


def artefact(service: Service) -> Artefact:
    """The finished binary's place in the cache."""
    made_of = artefacts.recipe_hash(folders.repo(), recipe.go_files(service), platform.machine())
    program = PurePosixPath(service.binary).name
    return Artefact(name=service.name, version=service.version, recipe=made_of, files=(program,))


def binary(service: Service, report: Report) -> Path:
    """Return the service's binary; build it unless an earlier run did."""
    finished = artefact(service)
    (program,) = finished.files
    if not finished.is_present():
        report("building from pinned Go modules, which takes minutes")
        with artefacts.publish(finished) as folder:
            _build(service, folder / program)
    return finished.folder / program


def _build(service: Service, output: Path) -> None:
    """Build in the repository's folder, or in a copy of it where an upstream module must lie beside it."""
    module = recipe.go_folder(service)
    how = tomllib.loads((module / "recipe.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=folders.private_folder(folders.build()), prefix=f"{service.name}-") as folder:
        if upstream := how.get("upstream"):
            module = Path(shutil.copytree(module, Path(folder) / "module"))
            _copy_upstream(upstream, module)
            mend(module / "upstream", tomllib.loads((module / "edits.toml").read_text(encoding="utf-8"))["edit"])
        golang.build(
            module=module,
            package=how["package"],
            output=output,
            tags=how.get("tags", ()),
            stamp=how.get("stamp", {}),
        )


def _copy_upstream(upstream: dict[str, str], module: Path) -> None:
    """Fetch a released module, check it, and lay a copy that can be edited beside go.mod."""
    name, doing = upstream["module"], f"fetching {upstream['module']}"
    # Asked from outside the module: inside, the name means the copy that does not exist yet.
    fetched: dict[str, Any] = json.loads(
        golang.run(["mod", "download", "-json", name], cwd=folders.build(), doing=doing)
    )
    if fetched.get("Sum") != upstream["sum"]:
        raise BootstrapError(
            f"{doing}: its checksum is {fetched.get('Sum')!r}, the repository expects {upstream['sum']!r}. "
            "Nothing was built. The module server gives something else than what was reviewed: check GOPROXY."
        )
    shutil.copytree(fetched["Dir"], module / "upstream", copy_function=shutil.copyfile)


def mend(source: Path, edits: list[dict[str, str]]) -> None:
    """Replace the listed lines; each must be there exactly once."""
    for edit in edits:
        file = source / edit["file"]
        text = file.read_text(encoding="utf-8")
        if (times := text.count(edit["old"])) != 1:
            raise BootstrapError(
                f"mending {edit['file']}: the line {edit['old']!r} occurs {times} times, expected is once. "
                "The edits were written for another version: adapt edits.toml to the one in recipe.toml."
            )
        file.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")
