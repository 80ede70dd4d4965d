"""The folder in which a Go module of `tools/go` is built: its own, or a copy with patched upstream source.

A module whose `recipe.toml` has a table `[upstream]` is not built from the release as it is. The release is copied into
the folder `upstream` next to a copy of `go.mod`, which replaces it by that folder, and patched as `patches.toml` says.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.host import folders
from tools.bootstrap import golang
from tools.bootstrap.bootstrap_errors import BootstrapError

RECIPE = "recipe.toml"
PATCHES = "patches.toml"
UPSTREAM = "upstream"
TESTS = "_test.go"


def recipe(module: Path) -> dict[str, Any]:
    """Read how a module is built."""
    return tomllib.loads((module / RECIPE).read_text(encoding="utf-8"))


def source_files(module: Path) -> list[Path]:
    """The files of a module that decide, as they are, what a build makes: those next to `go.mod`, and `sources`."""
    beside = [file for file in module.iterdir() if file.is_file() and file.name not in {RECIPE, PATCHES}]
    below = [file for pattern in recipe(module).get("sources", ()) for file in module.glob(pattern)]
    return [file for file in beside + below if not file.name.endswith(TESTS)]


def instructions(module: Path) -> object:
    """What the recipe and the patches of a module say, without comments and reasons: rewording those builds nothing."""
    patches = _patches(module) if (module / PATCHES).exists() else []
    return recipe(module), [{key: value for key, value in patch.items() if key != "why"} for patch in patches]


@contextmanager
def prepared(module: Path, *, below: Path | None = None) -> Iterator[Path]:
    """Provide the folder to build a module in; a copy is removed afterwards.

    Args:
        module: The module.
        below: Folder for the copy; by default that of builds, which other runs of the bootstrap clear unless this one
            holds the lock.
    """
    upstream = recipe(module).get(UPSTREAM)
    if not upstream:
        yield module
        return
    parent = below or folders.private_folder(folders.build())
    with tempfile.TemporaryDirectory(dir=parent, prefix=f"{module.name}-") as folder:
        copy = Path(shutil.copytree(module, Path(folder) / "module"))
        _copy_upstream(upstream, copy / UPSTREAM)
        apply(_patches(module), copy / UPSTREAM)
        yield copy


def _copy_upstream(upstream: dict[str, str], target: Path) -> None:
    """Fetch a released module, verify it, and copy it to where it can be patched."""
    name, doing = upstream["module"], f"fetching {upstream['module']}"
    # Asked from outside the module: inside, the name means the copy, which does not exist yet.
    fetched: dict[str, Any] = json.loads(
        golang.run(["mod", "download", "-json", name], cwd=folders.private_folder(folders.build()), doing=doing)
    )
    if fetched.get("Sum") != upstream["sum"]:
        raise BootstrapError(
            f"{doing}: the checksum is {fetched.get('Sum')!r}, expected {upstream['sum']!r}. Nothing was built. "
            "The module server delivers something else than what was reviewed: check GOPROXY."
        )
    shutil.copytree(fetched["Dir"], target, copy_function=shutil.copyfile)


def _patches(module: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads((module / PATCHES).read_text(encoding="utf-8"))["patch"]
    return found


def apply(patches: list[dict[str, str]], source: Path) -> None:
    """Apply patches: each replaces `old`, or everything from `old` through `until`, by `new`."""
    for patch in patches:
        file = source / patch["file"]
        text = file.read_text(encoding="utf-8")
        old, until = patch["old"], patch.get("until", "")
        before, found, after = text.partition(old)
        if not found or old in after:
            raise _mismatch(patch["file"], f"the text {old!r} occurs {text.count(old)} times, expected once")
        _, ended, rest = after.partition(until) if until else ("", "", after)
        if ended != until:
            raise _mismatch(patch["file"], f"the text {until!r} does not follow {old!r}")
        file.write_text(before + patch["new"] + rest, encoding="utf-8")


def _mismatch(file: str, found: str) -> BootstrapError:
    return BootstrapError(
        f"patching {file}: {found}. The patches were written for another version: adapt {PATCHES} to that of {RECIPE}."
    )
