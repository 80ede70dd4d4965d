"""Layers with packages: each large distribution has one of its own, the small ones share one.

So environments that have large packages in common share them: on this machine, in the registry and on the engine.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from infra.clients.registry.image_upload import LayerFile
from infra.image_layers import layers
from mlw.environments import build_cache, package_archives
from mlw.environments.package_archives import Workplace, distributions

LARGE_BYTES = 8 << 20
MOST_LAYERS = 60
"""Of large distributions; the engine's limit for one image is 127 layers."""

LIST_FILE = "usr/local/share/ml-workspace/requirements.txt"
"""Names and versions of all packages, in the image."""

_ZEROS = bytes(1024)
"""How a tar archive ends."""


def names_of(listed: str) -> list[str]:
    """Names and versions of a resolved list."""
    return [f"{one.name}=={one.version}" for one in distributions(listed)]


def make(listed: str, place: Workplace, push: Callable[[LayerFile], None]) -> list[LayerFile]:
    """Make the layers of a resolved list, and push them.

    Args:
        listed: The list, with hashes.
        place: Where to work.
        push: Takes a finished layer to the registry; may be called side by side.

    Raises:
        UnresolvableError: A package cannot be fetched.
    """
    archives = package_archives.provide(distributions(listed), place)
    by_size = sorted(archives, key=lambda name: -archives[name].size)
    large = {name for name in by_size[:MOST_LAYERS] if archives[name].size >= LARGE_BYTES}
    rest = [archives[name].path for name in sorted(archives) if name not in large]
    stacked = [*(archives[name] for name in sorted(large)), _joined([*rest, _list_archive(listed, place)], place)]
    with ThreadPoolExecutor(max_workers=package_archives.WORKERS) as pool:
        for pushed in [pool.submit(push, one) for one in stacked]:
            pushed.result()
    return stacked


def _list_archive(listed: str, place: Workplace) -> Path:
    tree, archive = place.folder / "list", place.folder / "list.tar"
    (tree / LIST_FILE).parent.mkdir(parents=True)
    (tree / LIST_FILE).write_text("".join(f"{one}\n" for one in names_of(listed)), encoding="utf-8")
    layers.write(tree, archive)
    return archive


def _joined(archives: Sequence[Path], place: Workplace) -> LayerFile:
    """Join archives to one layer, in the given order."""
    joined, seen = place.folder / "joined.tar", set[str]()
    with joined.open("wb") as out:
        for one in archives:
            _append(one, out, seen)
        out.write(_ZEROS)
    return build_cache.keep_layer(joined, layers.digest(joined))


def _append(archive: Path, out: IO[bytes], seen: set[str]) -> None:
    """Append the members of an archive that the others do not have: the engine refuses a name that comes twice."""
    with tarfile.open(archive) as found:
        members = found.getmembers()
        ends = [*(one.offset for one in members[1:]), found.offset]
    with archive.open("rb") as content:
        for member, end in zip(members, ends, strict=True):
            if member.name not in seen:
                seen.add(member.name)
                content.seek(member.offset)
                out.write(content.read(end - member.offset))
