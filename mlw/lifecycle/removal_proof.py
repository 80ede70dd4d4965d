"""The inventory after a stack was taken down, and its output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlw.lifecycle import display
from mlw.lifecycle.object_comparison import RESERVATION, EngineObject, describe
from mlw.output import table


@dataclass(frozen=True)
class Remains:
    """What is left of a stack."""

    objects: list[EngineObject]
    ports: list[int]
    files: list[Path]
    released: int = 0
    """How many ports were released."""
    kept: tuple[EngineObject, ...] = ()
    """Volumes of a stack that is soft-deleted; its state is kept with them."""
    unseen: tuple[str, ...] = ()
    """Addresses of attached engines that do not respond: what they hold is unknown."""

    def __bool__(self) -> bool:
        """Whether anything is left, or may be."""
        return self.of_this_machine or bool(self.unseen)

    @property
    def of_this_machine(self) -> bool:
        """Whether anything is left that can be looked for."""
        return bool(self.objects or self.ports or self.files)

    def of_kind(self, kind: str) -> str:
        """Names of the objects of one kind, or `none`."""
        return ", ".join(item.name for item in self.objects if item.kind == kind) or "none"


def prove(remains: Remains, *, headline: str) -> str:
    """The inventory as a table."""
    kept = f"; {len(remains.kept)} kept" if remains.kept else ""
    rows = [
        ("containers", remains.of_kind("container")),
        ("networks", remains.of_kind("network")),
        ("volumes", remains.of_kind("volume") + kept),
        ("ports in use", ", ".join(map(str, remains.ports)) or f"none ({remains.released} released)"),
        ("state files", ", ".join(map(str, remains.files)) or ("kept" if kept else "none")),
    ]
    if reserved := [item.name for item in remains.objects if item.kind == RESERVATION]:
        rows.append(("reservations", ", ".join(reserved)))
    if remains.unseen:
        rows.append(("attached engines", f"not looked for, no response: {', '.join(remains.unseen)}"))
    headline = headline.replace(" is ", " is NOT completely ", 1) if remains else headline
    return f"{headline} Inventory by its labels:\n\n{table(('what', 'left'), rows, indent=display.INDENT)}\n"


def list_remains(remains: Remains) -> str:
    """Everything that is left, in one line."""
    objects = [describe(remains.objects)] if remains.objects else []
    ports, files = [f"port {port}" for port in remains.ports], [f"'{path}'" for path in remains.files]
    unseen = [f"what the engine at '{address}' holds" for address in remains.unseen]
    return ", ".join([*objects, *ports, *files, *unseen])


def count(objects: Sequence[EngineObject]) -> str:
    """How many there are of each kind."""
    counted = Counter(item.kind for item in objects)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(counted.items()))
