"""Programs in containers import only what is there with them, and are Python that old environments can read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlw.jobs import job_paths, program_files

PROGRAMS = sorted(one.name for one in program_files.FOLDER.iterdir() if (one / "__main__.py").is_file())
ROOT = program_files.FOLDER.parents[1]
OLDEST = (3, 9)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_imports_only_files_that_its_job_has(program: str) -> None:
    paths = _paths(program)
    names = (path.relative_to(ROOT).with_suffix("").as_posix() for path in paths)
    modules = {name.removesuffix("/__init__").replace("/", ".") for name in names}

    ours = {name for path in paths for name in _imported(path) if name.startswith("mlw.")}

    assert sorted(one for one in ours if not {one, one.rpartition(".")[0]} & (modules - {"mlw"})) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_python_that_old_environments_can_read(program: str) -> None:
    new = ("kw_only=", "slots=True", "strict=", "except*", "StrEnum")
    paths = _paths(program)

    used = {(path.name, word) for path in paths for word in new if word in path.read_text(encoding="utf-8")}

    assert used == set()
    assert [path.name for path in paths if any(isinstance(one, ast.Match) for one in ast.walk(_tree(path)))] == []


def _paths(program: str) -> list[Path]:
    return [ROOT / one.name.removeprefix(f"{job_paths.PROGRAM}/") for one in program_files.files(program)]


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)
