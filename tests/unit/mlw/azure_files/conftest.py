"""A folder with files, and a check by Azure's package that finds nothing unless a test says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlw.azure_files import checking

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the folder; returns its path."""

    def make(name: str, content: str = "") -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    return make


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What Azure's package finds."""
    problems: list[tuple[str, str]] = []
    monkeypatch.setattr(checking, "problems", lambda *_: problems)
    return problems
