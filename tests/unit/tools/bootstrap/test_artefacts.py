import os
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import artefacts
from tools.bootstrap.artefacts import Artefact

TOOL = Artefact(name="tool", version="1.0", recipe="abc", files=("tool", "helper"))


def fill(folder: Path) -> None:
    for name in TOOL.files:
        (folder / name).write_text("#!/bin/sh\n")


@pytest.fixture
def published() -> Path:
    with artefacts.publish(TOOL) as folder:
        fill(folder)
    return TOOL.folder


def test_a_finished_tool_stands_under_its_version_and_recipe(published: Path) -> None:
    assert published == folders.tools() / "tool-1.0-abc"
    assert TOOL.is_present()


def test_programs_can_be_run(published: Path) -> None:
    assert all(os.access(published / name, os.X_OK) for name in TOOL.files)


@pytest.mark.usefixtures("published")
def test_nothing_unfinished_stays() -> None:
    assert [path.name for path in folders.tools().iterdir()] == ["tool-1.0-abc"]


def test_a_tool_is_not_there_before_it_is_complete() -> None:
    with artefacts.publish(TOOL) as folder:
        fill(folder)
        assert not TOOL.is_present()


def test_a_failure_leaves_nothing() -> None:
    with pytest.raises(FileNotFoundError, match="helper"), artefacts.publish(TOOL) as folder:
        (folder / "tool").write_text("#!/bin/sh\n")
    assert list(folders.tools().iterdir()) == []


def test_a_tool_that_lost_a_program_is_made_anew(published: Path) -> None:
    (published / "helper").unlink()
    assert not TOOL.is_present()
    with artefacts.publish(TOOL) as folder:
        fill(folder)
    assert TOOL.is_present()


@pytest.mark.usefixtures("published")
def test_a_sweep_removes_what_killed_runs_left_and_nothing_else() -> None:
    (folders.tools() / ".unfinished-4711-tool").mkdir()
    for folder in ("tmp", "cache"):
        (folders.build() / folder).mkdir(parents=True)
    artefacts.sweep()
    assert [path.name for path in folders.build().iterdir()] == ["cache"]
    assert [path.name for path in folders.tools().iterdir()] == ["tool-1.0-abc"]


def test_a_link_is_moved_to_another_target(tmp_path: Path) -> None:
    for target in ("one", "two"):
        artefacts.link("tool", tmp_path / target, tmp_path)
    assert (tmp_path / "tool").readlink() == tmp_path / "two"


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "go.mod", tmp_path / "main.go"]
    for file in files:
        file.write_text(file.name)
    return files


def test_the_recipe_does_not_depend_on_the_order_of_the_files(tmp_path: Path, sources: list[Path]) -> None:
    assert artefacts.recipe_hash(tmp_path, sources) == artefacts.recipe_hash(tmp_path, reversed(sources))


def test_the_recipe_does_not_depend_on_where_the_checkout_lies(tmp_path: Path, sources: list[Path]) -> None:
    before = artefacts.recipe_hash(tmp_path, sources)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    assert artefacts.recipe_hash(moved, [file.rename(moved / file.name) for file in sources]) == before


def test_another_content_is_another_recipe(tmp_path: Path, sources: list[Path]) -> None:
    before = artefacts.recipe_hash(tmp_path, sources)
    sources[0].write_text("changed")
    assert artefacts.recipe_hash(tmp_path, sources) != before


def test_another_name_is_another_recipe(tmp_path: Path, sources: list[Path]) -> None:
    before = artefacts.recipe_hash(tmp_path, sources)
    renamed = sources[0].rename(tmp_path / "go.sum")
    assert artefacts.recipe_hash(tmp_path, [renamed, sources[1]]) != before


def test_another_fact_is_another_recipe(tmp_path: Path, sources: list[Path]) -> None:
    assert artefacts.recipe_hash(tmp_path, sources, {"tags": "a"}) != artefacts.recipe_hash(tmp_path, sources, {})
