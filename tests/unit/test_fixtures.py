"""Fixtures of the whole run: their names mean the same thing in every test.

pytest resolves a fixture's name from the first test that requests it, even for fixtures of the whole run. A module with
another fixture of that name would then break every other test, but only if it happens to run first.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DEFINED = [
    (path, function)
    for path in sorted(TESTS.rglob("*.py"))
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(function, ast.FunctionDef)
    and any("pytest.fixture" in ast.unparse(decorator) for decorator in function.decorator_list)
]
WHOLE_RUN = sorted(
    function.name
    for _, function in DEFINED
    if any("scope='session'" in ast.unparse(decorator) for decorator in function.decorator_list)
)


@pytest.mark.parametrize("name", WHOLE_RUN)
def test_a_fixture_of_the_whole_run_has_a_unique_name(name: str) -> None:
    places = [str(path.relative_to(TESTS)) for path, function in DEFINED if function.name == name]
    assert len(places) == 1, f"{name!r} is defined in {places}: rename all but the one that lives for the whole run"


def test_the_fixtures_of_the_whole_run_are_found() -> None:
    assert "environment" in WHOLE_RUN


FOLDERS = sorted({path.parent for path, function in DEFINED if "scope='package'" in ast.unparse(function)})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_fixture_of_a_folder_ends_with_the_folder(folder: Path) -> None:
    assert (folder / "__init__.py").is_file(), "pytest takes any other folder for the whole run"
