"""Repairs files next to the state that Pulumi's file backend cannot read after a kill in the middle of a write.

Each file has an `.attrs` file that is written in place: an empty one makes the CLI fail with "failed to load
checkpoint: EOF", while a missing one is fine. `meta.yaml` describes the layout of the folder: if it is empty, the CLI
rejects the whole folder. Files are written under a temporary name first, which a kill leaves behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from mlw.lifecycle.stack_context import Context

META = "version: 1\n"
"""The layout with a folder for each project, the only one this project has ever used."""


def damaged(context: Context) -> list[Path]:
    """Unreadable sidecars, and leftover temporary files."""
    return [*_damaged_attributes(context), *_damaged_meta(context), *unfinished_writes(context)]


def repair(context: Context, *, say: Callable[[str], None]) -> None:
    """Repair the sidecars; a damaged one contains nothing worth keeping."""
    for path in [*_damaged_attributes(context), *unfinished_writes(context)]:
        say(f"Removing '{path.name}', left incomplete by a killed run.")
        path.unlink(missing_ok=True)
    for path in _damaged_meta(context):
        say(f"Rewriting '{path.name}', left incomplete by a killed run.")
        path.write_text(META, encoding="utf-8")


def remove_damaged_attributes(context: Context) -> None:
    """Remove attributes that the CLI cannot read; a running update does not need them either."""
    for path in _damaged_attributes(context):
        path.unlink(missing_ok=True)


def unfinished_writes(context: Context) -> list[Path]:
    """Temporary files of the stack's state."""
    folder = context.state_file.parent if context.state_file else None
    if folder is None or not folder.is_dir():
        return []
    # Pulumi's own end with a random number; ours, which begin with a dot, with a process id.
    name = re.compile(r"\.?" + re.escape(context.stack) + r"\.json(\.bak)?(\.attrs)?\.[0-9a-f]+\.tmp")
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))


def _damaged_attributes(context: Context) -> list[Path]:
    if context.backend_folder is None or context.state_file is None:
        return []
    described = [
        context.backend_folder / "meta.yaml",
        context.state_file,
        context.state_file.with_name(f"{context.state_file.name}.bak"),
    ]
    candidates = [path.with_name(f"{path.name}.attrs") for path in described]
    return [path for path in candidates if path.exists() and not _is_json_object(path)]


def _is_json_object(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except FileNotFoundError:
        return True  # it has just been replaced or removed
    except ValueError:
        return False


def _damaged_meta(context: Context) -> list[Path]:
    meta = context.backend_folder / "meta.yaml" if context.backend_folder else None
    if meta is None or not meta.exists() or "version:" in meta.read_text(encoding="utf-8", errors="replace"):
        return []
    return [meta]
