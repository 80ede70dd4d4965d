import json
from pathlib import Path

import pytest

from tests.support.processes import run
from tools.checks import coverage_floor

PROJECT = "[tool.coverage.report]\nfail_under = {floor}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose floor has been committed."""
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(floor=80))
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "PATH": "/usr/bin:/bin"}
    run(["git", *words], cwd=folder, env=identity).check()


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "x")


def judge(root: Path, percent: float) -> tuple[int, str]:
    (root / "report.json").write_text(json.dumps({"totals": {"percent_covered": percent}}))
    said: list[str] = []
    code = coverage_floor.main(root / "report.json", root, said.append)
    return code, "\n".join(said)


def floor(root: Path) -> int:
    return coverage_floor.floor_in((root / "pyproject.toml").read_text())


def test_coverage_below_the_floor_fails(root: Path) -> None:
    assert judge(root, 79.99) == (
        1,
        "coverage: coverage is 79.99 %, below the floor of 80 % in pyproject.toml; test what you added",
    )
    assert floor(root) == 80


def test_coverage_within_a_point_of_the_floor_passes_and_leaves_it(root: Path) -> None:
    assert judge(root, 80.9) == (0, "coverage: 80.90 %, floor 80 %")
    assert floor(root) == 80


def test_higher_coverage_raises_the_floor(root: Path) -> None:
    code, said = judge(root, 83.7)

    assert (code, floor(root)) == (0, 83)
    assert "raised the floor to 83 %" in said


def test_a_floor_below_a_committed_one_fails(root: Path) -> None:
    (root / "pyproject.toml").write_text(PROJECT.format(floor=70))
    commit(root)

    code, said = judge(root, 75)

    assert (code, floor(root)) == (1, 70)
    assert "it was 80 % before" in said


def test_without_a_history_only_the_floor_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(floor=70))

    assert judge(tmp_path, 70)[0] == 0


def test_the_project_has_a_floor() -> None:
    assert floor(coverage_floor.ROOT) > 0
