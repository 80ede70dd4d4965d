"""Fixtures of the whole run: their names mean the same thing in every test.

pytest resolves a fixture's name from the first test that requests it, even for fixtures of the whole run. A module with
another fixture of that name would then break every other test, but only if it happens to run first.

The files are read by the tests and not while they are collected: each worker of a run would parse all of them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Fixture:
    """A fixture, where it is defined, and how."""

    path: Path
    name: str
    decorator: str


def fixtures_in(path: Path) -> Iterator[Fixture]:
    """The fixtures that a file defines."""
    text = path.read_text(encoding="utf-8")
    if "pytest.fixture" not in text:
        return
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            for decorator in map(ast.unparse, function.decorator_list):
                if decorator.startswith("pytest.fixture"):
                    yield Fixture(path, function.name, decorator)


@pytest.fixture(scope="module")
def defined() -> list[Fixture]:
    """Every fixture of the tests."""
    return [fixture for path in sorted(TESTS.rglob("*.py")) for fixture in fixtures_in(path)]


def test_a_fixture_of_the_whole_run_has_a_unique_name(defined: list[Fixture]) -> None:
    whole_run = {fixture.name for fixture in defined if "scope='session'" in fixture.decorator}
    places = {name: [str(one.path.relative_to(TESTS)) for one in defined if one.name == name] for name in whole_run}
    assert "environment" in places
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert shared == {}, "rename all but the one that lives for the whole run"


def test_a_fixture_of_a_folder_ends_with_the_folder(defined: list[Fixture]) -> None:
    folders = {fixture.path.parent for fixture in defined if "scope='package'" in fixture.decorator}
    assert TESTS / "e2e" / "one_workspace" in folders
    without = [folder.name for folder in folders if not (folder / "__init__.py").is_file()]
    assert without == [], "pytest takes any folder without __init__.py for the whole run"
