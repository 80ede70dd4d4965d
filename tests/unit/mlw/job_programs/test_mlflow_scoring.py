"""Scoring with a model of MLflow, as far as it needs no MLflow; the rest is tested with jobs, which have it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlw.job_programs.parallel_run import mlflow_scoring


class Array(list[Any]):
    """As an array of numpy."""

    def tolist(self) -> list[Any]:
        return list(self)


FRAME = SimpleNamespace(itertuples=lambda index: iter([("a", 1), ("b", 2)]) if not index else iter(()))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the model returns, one for each file."""
    results: list[Any] = []
    model = SimpleNamespace(metadata=None, predict=lambda _data: results.pop(0))
    monkeypatch.setattr(mlflow_scoring, "_loaded", [model])
    monkeypatch.setattr(mlflow_scoring, "_read", lambda *_: None)
    yield results
    assert results == []


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ([1, 2], ["0,1,a.csv", "1,2,a.csv"]),
        (Array([0.5]), ["0,0.5,a.csv"]),
        ([Array([1, 2]), Array([3, 4])], ["0,1,2,a.csv", "1,3,4,a.csv"]),
        (FRAME, ["0,a,1,a.csv", "1,b,2,a.csv"]),
        (["one, two"], ['0,"one, two",a.csv']),
    ],
)
def test_each_row_is_a_line(found: list[Any], result: object, lines: list[str]) -> None:
    found.append(result)

    assert mlflow_scoring.run(["/data/a.csv"]) == lines


def test_rows_are_counted_for_each_file(found: list[Any]) -> None:
    found += [[1, 2], [3]]

    assert mlflow_scoring.run(["/data/a.csv", "/data/b.csv"]) == ["0,1,a.csv", "1,2,a.csv", "0,3,b.csv"]


def test_other_files_need_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_scoring, "_loaded", [SimpleNamespace(metadata=None, predict=list)])

    with pytest.raises(ValueError, match=r"'cat.png' is neither .csv nor .parquet nor .pqt; .*`code_configuration`"):
        mlflow_scoring.run(["/data/cat.png"])


@pytest.mark.parametrize("name", ["MLmodel", "churn/MLmodel"])
def test_the_model_is_the_folder_or_below_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()

    assert mlflow_scoring._folder(tmp_path) == (tmp_path / name).parent
