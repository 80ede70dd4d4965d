"""Compiles the Python files of an image with the interpreter of that image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from infra.image_layers import layers
from mlw.environments import programs

COMPILE_SECONDS = 600.0
PROGRAM = Path(__file__).with_name("bytecode_program.py")
FEW_FILES = 200
_GROUPS = 4
"""Fixed, whatever the number of processors: what is compiled together influences the bytes."""


def compile_trees(trees: Sequence[Path], *, program: str, root: Path, base: Path, folder: Path) -> None:
    """Compile all files but tests.

    Args:
        trees: Folders that become the image's root.
        program: Path of the interpreter, below its root.
        root: Files of the interpreter.
        base: Files of the base image, with the C library.
        folder: Where to work.
    """
    groups = [group for tree in trees for group in _groups(sources(tree))]
    command = layers.interpreter_command(base, program)
    programs.run(
        [*command[:-1], root / program, "-S", PROGRAM],
        doing="compiling Python files",
        # Sets are written in the order of their hashes.
        environment={
            "PYTHONHOME": str((root / program).parents[1]),
            "PYTHONHASHSEED": "0",
            "LANG": "C.UTF-8",
        },
        cwd=folder,
        content=json.dumps(groups),
        timeout_seconds=COMPILE_SECONDS,
    )


def sources(tree: Path) -> list[tuple[str, str]]:
    """Python files here, and their names in the image."""
    found = (path.relative_to(tree) for path in sorted(tree.rglob("*.py")))
    return [(str(tree / path), f"/{path}") for path in found if not {"tests", "test"} & set(path.parts[:-1])]


def _groups(found: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    return [found] if len(found) < FEW_FILES else [found[number::_GROUPS] for number in range(_GROUPS)]
