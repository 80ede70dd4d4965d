import zipfile
from pathlib import Path

import pytest

from tests.unit.tools.checks.test_coverage_floor import commit, git
from tools.checks import release_check
from tools.checks.release_check import check_changelog, check_tag, check_tree, wheel_problems
from tools.docs import pages


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a version that can be released."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [0.1.0] - 2026-11-29\n\n## [0.0.9] - 2026-01-01\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def test_a_complete_repository_passes(root: Path) -> None:
    assert [check(root) for check in (check_changelog, check_tree, check_tag)] == [[], [], []]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("## [0.2.0] - 2026-11-29", "starts with '0.2.0', pyproject.toml has version '0.1.0'"),
        ("## [Unreleased]", "starts with 'Unreleased'"),
        ("no entry", "starts with nothing"),
        ("## [0.1.0]", "has date ''"),
        ("## [0.1.0] - soon", "has date 'soon'; allowed: a date such as 2026-11-29"),
    ],
    ids=["another version", "unreleased", "no entry", "no date", "no real date"],
)
def test_changelog_must_start_with_the_version_and_a_date(root: Path, entry: str, problem: str) -> None:
    (root / "CHANGELOG.md").write_text(f"# Changelog\n\n{entry}\n")

    (found,) = check_changelog(root)

    assert problem in found


def test_an_uncommitted_file_is_named(root: Path) -> None:
    (root / "new.txt").write_text("x")

    assert check_tree(root) == ["not committed: new.txt; commit or remove it"]


def test_a_tag_of_this_commit_passes_and_one_of_another_commit_fails(root: Path) -> None:
    git(root, "tag", "v0.1.0")
    assert check_tag(root) == []

    commit(root)
    (found,) = check_tag(root)
    assert found.startswith("tag 'v0.1.0' belongs to commit ")


@pytest.mark.parametrize("lacking", ["licenses/LICENSE", "licenses/NOTICE"])
def test_a_wheel_without_a_licence_file_is_rejected(tmp_path: Path, lacking: str) -> None:
    wheel = tmp_path / "x-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in {"METADATA", "licenses/LICENSE", "licenses/NOTICE"} - {lacking}:
            archive.writestr(f"x-0.1.0.dist-info/{name}", "")

    assert wheel_problems(wheel, "0.1.0") == [
        f"{wheel.name} has no 'x-0.1.0.dist-info/{lacking}'; see [project] in pyproject.toml"
    ]


def test_a_page_that_is_not_up_to_date_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGES", {root / "page.md": lambda: "new"})

    assert release_check.check_pages(root) == ["page.md is not up to date; run: python -m tools.docs"]


def test_every_check_is_reported_and_one_problem_fails_the_run(root: Path) -> None:
    said: list[str] = []

    def raising(_root: Path) -> list[str]:
        raise release_check.CommandError("git is missing")

    checks = [("one", lambda _root: []), ("two", lambda _root: ["a", "b"]), ("three", raising)]

    assert release_check.main(root, checks, said.append) == 1
    assert said == ["one: ok", "two: a; b", "three: git is missing", "not ready for a release"]
    assert release_check.main(root, checks[:1], said.append) == 0
    assert said[-1] == "ready: version 0.1.0, wheel in build/release"
