"""Git facts of a folder, read from real repositories."""

import subprocess
from pathlib import Path

import pytest

from mlw.tracking.git_facts import git_facts, without_login


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, and a remote with a password in its address."""
    folder = tmp_path / "code"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("print(1)\n", encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://ada:secret-of-ada@git.example.org/team/churn.git")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "first")
    return folder


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_clean_repository_has_all_facts_under_both_names(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")

    assert git_facts(repository / "src") == {
        "mlflow.source.git.commit": commit,
        "azureml.git.commit": commit,
        "mlflow.source.git.branch": "main",
        "azureml.git.branch": "main",
        "mlflow.source.git.repoURL": "https://git.example.org/team/churn.git",
        "azureml.git.repository_uri": "https://git.example.org/team/churn.git",
        "azureml.git.dirty": "False",
    }


def test_a_change_below_the_folder_makes_it_dirty_and_one_elsewhere_does_not(repository: Path) -> None:
    (repository / "notes.txt").write_text("new", encoding="utf-8")
    elsewhere = git_facts(repository / "src")["azureml.git.dirty"]
    (repository / "src" / "train.py").write_text("print(2)\n", encoding="utf-8")

    assert (elsewhere, git_facts(repository / "src")["azureml.git.dirty"]) == ("False", "True")


def test_a_detached_commit_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    assert "mlflow.source.git.branch" not in git_facts(repository)


def test_a_folder_without_a_repository_or_a_commit_has_no_facts(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "empty")

    assert (git_facts(tmp_path), git_facts(tmp_path / "empty")) == ({}, {})


def test_a_machine_without_git_has_no_facts(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert git_facts(repository) == {}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://token@github.example/a/b", "https://github.example/a/b"),
        ("http://a:b@host:8080/x?y=1", "http://host:8080/x?y=1"),
        ("git@github.example:a/b.git", "git@github.example:a/b.git"),
        ("ssh://git@host/a.git", "ssh://git@host/a.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
    ],
)
def test_no_password_of_a_remote_is_in_a_tag(address: str, expected: str) -> None:
    assert without_login(address) == expected
