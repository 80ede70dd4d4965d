"""Compiles Python files ahead, with the image's own interpreter.

Containers run read-only, so an image without compiled files would compile everything at each start. They are valid
whatever time a file has (`unchecked-hash`): layers have one time for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.image_layers import layers
from tools.bootstrap import child_processes
from tools.bootstrap.bootstrap_errors import BootstrapError

SECONDS = 600.0
GROUPS = 4
"""Fixed, whatever the number of processors: what an interpreter compiled before influences the bytes of a file."""

_PROGRAM = """
import compileall, sys
from py_compile import PycInvalidationMode
root, *paths = sys.argv[1:]
for path in paths:
    one = compileall.compile_dir if not path.endswith(".py") else compileall.compile_file
    # A file that is not valid Python, such as a template, is left as it is.
    one(path, quiet=2, stripdir=root, prependdir="/", invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
"""


def compile_below(folders: Sequence[Path], *, tree: Path, interpreter: Path) -> None:
    """Compile all Python files in folders of an image.

    Args:
        folders: What to compile; below `tree`.
        tree: The folder that becomes the root of the image.
        interpreter: Root folder of the image that the interpreter is in; may be the same.
    """
    entries = sorted(
        entry for folder in folders for entry in folder.iterdir() if entry.is_dir() or entry.suffix == ".py"
    )
    groups = [entries[number::GROUPS] for number in range(GROUPS)]
    command = command_of(interpreter)
    with ThreadPoolExecutor(max_workers=GROUPS) as pool:
        running = [pool.submit(_compile, command, tree, group) for group in groups if group]
        for one in running:
            one.result()


def command_of(root: Path) -> list[str | Path]:
    """The command that runs the interpreter of an unpacked image on this machine, with the image's own C library."""
    try:
        return layers.interpreter_command(root)
    except FileNotFoundError as exc:
        raise BootstrapError(f"compiling Python files: {exc}") from exc


def _compile(command: Sequence[str | Path], tree: Path, paths: Sequence[Path]) -> None:
    home = Path(command[-1]).parents[1]
    child_processes.run(
        [*command, "-S", "-c", _PROGRAM, tree, *paths],
        doing="compiling Python files",
        cwd=tree,
        # Sets are written in the order of their hashes.
        env={"PYTHONHOME": str(home), "PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=SECONDS,
    )
