"""One tar archive for each distribution: its files where an image has them, compiled. Made once, then kept.

The bytes of an archive depend only on the distribution and the interpreter.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.clients.registry.image_upload import LayerFile
from infra.image_layers import layers
from mlw.environments import build_cache, package_resolution, python_compiling
from mlw.environments.package_resolution import Target

FORM = 2
"""Raised when the code makes another archive of the same distribution."""

WORKERS = 2

_TO_PREFIX = ("bin", "etc", "include", "share")
_START = re.compile(rb"#!.*python.*\n")


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One row of a resolved list: name, version, and the row itself with its hashes."""

    name: str
    version: str
    row: str


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where archives are made.

    Attributes:
        target: What the packages are for.
        base: Id of the base image, and of the interpreter if it is another one.
        root: Its files.
        interpreter: Files of the interpreter: those of the base, or of another version of Python.
        folder: Folder of this build.
        options: Lines that say where packages come from.
        log: Takes lines of progress.
    """

    target: Target
    base: str
    root: Path
    interpreter: Path
    folder: Path
    options: Sequence[str]
    log: Callable[[str], None]

    def key(self, one: Distribution) -> str:
        """Identify the archive of a distribution."""
        facts = [FORM, self.target.python, self.target.machine, self.base, one.row]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def distributions(listed: str) -> list[Distribution]:
    """The rows of a resolved list."""
    rows = re.split(r"\n(?=[A-Za-z0-9])", listed.strip())
    found = (re.match(r"([\w.-]+)(?:\[.*\])?==([^\s;\\]+)", row) for row in rows)
    return [
        Distribution(name=one[1], version=one[2], row=row)
        for one, row in zip(found, rows, strict=True)
        if one is not None
    ]


def provide(wanted: Sequence[Distribution], place: Workplace) -> dict[str, LayerFile]:
    """Provide the archives of distributions, by name.

    Raises:
        UnresolvableError: A package cannot be fetched.
    """
    known = {one.name: archive for one in wanted if (archive := _kept(one, place))}
    missing = [one for one in wanted if one.name not in known]
    if not missing:
        return known
    place.log(f"installing {len(missing)} packages, {len(known)} are in the cache")
    tree = place.folder / "installed"
    package_resolution.install(
        "\n".join(one.row for one in missing), place.options, place.target, place.folder, tree=tree
    )
    place.log(f"compiling and packing {len(missing)} packages")
    trees = _divided(missing, tree, place)
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        running = [pool.submit(_pack, batch, place) for batch in _batches(trees)]
        made = [archives for one in running for archives in one.result().items()]
    return {**known, **{one.name: archive for one, archive in made}}


def _kept(one: Distribution, place: Workplace) -> LayerFile | None:
    facts = build_cache.read("dists", place.key(one))
    return build_cache.layer(facts["digest"], facts["size"]) if facts else None


def _batches(trees: Mapping[Distribution, Path]) -> list[dict[Distribution, Path]]:
    """Distributions to be compiled by one process; those with many files by one of their own."""
    many = {one: len(python_compiling.sources(tree)) >= python_compiling.FEW_FILES for one, tree in trees.items()}
    few = [one for one in trees if not many[one]]
    batches = [{one: trees[one]} for one in trees if many[one]]
    return [*batches, *({one: trees[one] for one in few[number::WORKERS]} for number in range(WORKERS))]


def _pack(trees: Mapping[Distribution, Path], place: Workplace) -> dict[Distribution, LayerFile]:
    """Compile and pack distributions, and keep the archives."""
    python_compiling.compile_trees(
        list(trees.values()), program=place.target.program, root=place.interpreter, base=place.root, folder=place.folder
    )
    packed = {}
    for one, tree in trees.items():
        file = place.folder / f"{tree.name}.tar"
        layers.write(tree, file)
        packed[one] = kept = build_cache.keep_layer(file, layers.digest(file))
        build_cache.write("dists", place.key(one), {"digest": kept.digest, "size": kept.size})
    return packed


def _divided(wanted: Sequence[Distribution], tree: Path, place: Workplace) -> dict[Distribution, Path]:
    """Move the files of each distribution into a tree of its own.

    An archive is kept for other environments, so it has all files of its distribution: one that shares files with
    another, as `mlflow` and `mlflow-skinny` do, is installed once more on its own.
    """
    files = {one: _files_of(one, tree) for one in wanted}
    owners = Counter(name for names in files.values() for name in names)
    divided = {}
    for one in wanted:
        source = tree
        if any(owners[name] > 1 for name in files[one]):
            source = place.folder / f"alone-{one.name}"
            package_resolution.install(one.row, place.options, place.target, place.folder, tree=source)
        divided[one] = root = place.folder / f"own-{one.name}"
        root.mkdir()
        for name in files[one] if source == tree else _files_of(one, source):
            _move(source / name, root / _target(name, place.target), place.target)
    return divided


def _files_of(one: Distribution, tree: Path) -> list[str]:
    """Files of a distribution, by its own record, in the order of their names."""
    plain = re.sub(r"[-_.]+", "_", one.name).lower()
    records = [
        path
        for path in tree.glob("*.dist-info/RECORD")
        if re.sub(r"[-_.]+", "_", path.parent.name.rpartition(".dist-info")[0].rpartition("-")[0]).lower() == plain
    ]
    names = {row[0] for path in records for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row}
    # Scripts are recorded relative to where they would be outside of a folder of one's own.
    names = {re.sub(r"^(\.\./)+", "", name) for name in names}
    return sorted(name for name in names if (tree / name).is_file())


def _target(name: str, target: Target) -> str:
    first = name.partition("/")[0]
    below = "" if first in _TO_PREFIX else f"lib/python{target.python}/{target.packages}/"
    return f"usr/local/{below}{name}"


def _move(source: Path, destination: Path, target: Target) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.parent.name == "bin" and (start := _START.match(content := source.read_bytes())):
        # uv writes the interpreter of this machine. The file itself may be shared with uv's cache.
        source.unlink()
        destination.write_bytes(f"#!/{target.program}\n".encode() + content[start.end() :])
        destination.chmod(0o755)
    else:
        source.rename(destination)
