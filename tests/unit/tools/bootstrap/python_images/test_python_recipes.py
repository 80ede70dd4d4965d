from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap.images import image_table
from tools.bootstrap.images.recipe import image_recipe
from tools.bootstrap.python_images import building, python_recipes

ROW = replace(SERVICE, name="sample", image="ml-workspace/sample:1.0", base="python")
PYTHON = next(row for row in image_table.load() if row.name == "python")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service with a program and a lock."""
    monkeypatch.setattr(python_recipes, "folder", lambda _: tmp_path)
    (tmp_path / "sample/__pycache__").mkdir(parents=True)
    for name in ("sample/__init__.py", "sample/table.toml", "sample/__pycache__/x.pyc", "requirements.in"):
        (tmp_path / name).write_text("one")
    (tmp_path / "requirements.lock").write_text("one==1 --hash=sha256:00\n")
    (tmp_path / "recipe.toml").write_text('left_out = ["*/tests/*"]  # a comment\nports = [5000]\n')
    return tmp_path


def test_the_program_is_its_packages_without_compiled_files(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes/x.md").write_text("no package")
    (folder / "sample-1.dist-info").mkdir()
    (folder / "sample-1.dist-info/entry_points.txt").write_text("x")

    found = [file.relative_to(folder).as_posix() for file in python_recipes.sources(ROW)]

    assert found == ["sample/__init__.py", "sample/table.toml", "sample-1.dist-info/entry_points.txt"]


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("sample/__init__.py", "two", "image"),
        ("sample/new.py", "", "image"),
        ("recipe.toml", 'left_out = ["*/tests/*"]\nports = [5001]\n', "image"),
        ("recipe.toml", 'left_out = ["*/docs/*"]\nports = [5000]\n', "packages and image"),
        ("recipe.toml", 'left_out = ["*/tests/*"]  # another comment\nports = [5000]\n', "nothing"),
        ("requirements.lock", "one==2 --hash=sha256:00\n", "packages and image"),
        ("requirements.in", "two", "nothing"),
        ("sample/__pycache__/x.pyc", "two", "nothing"),
    ],
)
def test_the_recipes_change_with_what_the_layers_are_made_of(folder: Path, name: str, text: str, changes: str) -> None:
    before = python_recipes.packages_hash(ROW), image_recipe(ROW)

    (folder / name).write_text(text)

    after = python_recipes.packages_hash(ROW), image_recipe(ROW)
    changed = [what for what, one, two in zip(("packages", "image"), before, after, strict=True) if one != two]
    assert (" and ".join(changed) or "nothing") == changes


def test_all_recipes_change_with_the_base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_recipe(PYTHON), image_recipe(ROW), building.artefact(PYTHON).recipe, building.artefact(ROW).recipe
    other = replace(python_recipes.base(), packages=("libc6",))
    monkeypatch.setattr(python_recipes, "base", lambda: other)

    after = image_recipe(PYTHON), image_recipe(ROW), building.artefact(PYTHON).recipe, building.artefact(ROW).recipe

    assert not set(before) & set(after)


def test_a_row_that_changes_is_another_image(folder: Path) -> None:
    rows = [ROW, replace(ROW, user="1:1"), replace(ROW, folders=())]

    assert len({image_recipe(row) for row in rows}) == len(rows)


def test_a_service_without_a_recipe_has_the_defaults(folder: Path) -> None:
    (folder / "recipe.toml").unlink()

    assert python_recipes.program(ROW) == python_recipes.Program()
