"""What runs leave outside their stack: files, processes, and resources of the engine's own process.

``tests/support/inventory`` compares objects on the engine; this module measures what grows unseen.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient

ENGINE_PROGRAMS = ("dockerd", "containerd")


def files_below(folders: Iterable[Path]) -> dict[str, int]:
    """Return the size of each file below folders, in bytes, by path."""
    sizes = {}
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    sizes[str(path)] = path.stat().st_size
    return sizes


def growth(before: Mapping[str, int], after: Mapping[str, int], *, spare_bytes: int) -> list[str]:
    """Return each new file, and each that grew by more than ``spare_bytes``."""
    appeared = [f"{path}: new, {size} bytes" for path, size in after.items() if path not in before]
    grown = [
        f"{path}: {before[path]} to {size} bytes"
        for path, size in after.items()
        if path in before and size > before[path] + spare_bytes
    ]
    return sorted(appeared + grown)


def processes_with(variable: str, value: str) -> list[str]:
    """Return the command lines of running processes whose environment has a variable, except this one."""
    wanted, found = f"{variable}={value}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return [line for line in found if line]  # a process that has ended and was not waited for has none


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineFootprint:
    """What the engine uses apart from containers, networks and volumes."""

    images: frozenset[str]
    layer_bytes: int
    memory_mib: Mapping[str, float]
    """Of each program of the engine on this machine that may be read."""
    descriptors: Mapping[str, int]


def engine_footprint(engine: DockerClient) -> EngineFootprint:
    """Measure the engine; an engine on another machine, or of another user, has no visible processes here."""
    memory, descriptors = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name = (folder / "comm").read_text().strip()
            if name in ENGINE_PROGRAMS:
                key = f"{name} {folder.name}"
                pages = int((folder / "statm").read_text().split()[1])
                memory[key] = pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
                descriptors[key] = len(list((folder / "fd").iterdir()))
    return EngineFootprint(
        images=frozenset(image["Id"] for image in engine.api.images(all=True)),
        layer_bytes=int(engine.api.df()["LayersSize"]),
        memory_mib=memory,
        descriptors=descriptors,
    )
