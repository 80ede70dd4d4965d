"""Parallel jobs with the fields of files for Azure: partitions, sizes, numbers of files, arguments, thresholds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.documents import ROOT
from tests.support.jobs_workspace import Mlw, data_of

Run = Callable[[str, str, str], tuple[list[str], str, Path]]
EXAMPLES = Path(__file__).with_name("parallel_examples")


@pytest.fixture
def run(mlw: Mlw, tmp_path: Path) -> Run:
    """Runs an example; the lines that it has collected, its log, and the folder of an output."""

    def call(name: str, step: str, output: str) -> tuple[list[str], str, Path]:
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder)
        shutil.copy(ROOT / "examples" / "breast-cancer" / "conda.yml", folder)
        done = mlw("job", "create", "-f", str(folder / "pipeline.yml"), "--name", f"example-{name}", "--stream")
        assert done.exit_code == 0, done.output[-3000:]
        job = f"example-{name}-{step}"
        mlw("job", "download", job, "--all", "-p", str(tmp_path / "got")).check()
        kept = tmp_path / "got" / job / "named-outputs"
        (file,) = [one for one in (kept / output).rglob("*") if one.is_file()]
        return file.read_text(encoding="utf-8").splitlines(), mlw("job", "stream", job).output, kept

    return call


def test_rows_with_equal_keys_are_a_mini_batch(run: Run) -> None:
    lines, log, kept = run("sales", "totals", "totals")

    assert lines == [
        "1 a 10 30 sales", "1 a 20 30 sales", "1 b 7 8 sales", "1 b 1 8 sales",
        "2 a 5 11 sales", "2 a 6 11 sales", "2 b 3 3 sales",
    ]  # fmt: skip
    assert sorted(one.name for one in (kept / "files").iterdir()) == ["1-a.csv", "1-b.csv", "2-a.csv", "2-b.csv"]
    assert (kept / "files" / "2-b.csv").read_text(encoding="utf-8") == "store,brand,sold\n2,b,3\n"
    assert "mini-batch 4 (store=2, brand=b) starts in process" in log
    assert "mini-batches: 4; items: 7; processes: 2" in log


def test_a_component_divides_a_table_by_the_size_that_its_step_says(run: Run) -> None:
    lines, log, kept = run("iris", "predict", "predictions")

    assert [len(lines), lines[0], lines[-1]] == [150, "1.0 0.1 setosa", "6.96 2.48 virginica"]
    assert [one.name for one in (kept / "predictions").iterdir()] == ["predictions.txt"]
    assert "mini-batches: 2; items: 150; processes: 2" in log


def test_files_are_divided_by_their_number_and_one_may_fail(run: Run, mlw: Mlw) -> None:
    lines, log, kept = run("digits", "identify", "digits")

    assert lines == [f"{one}.pbm: {['zero', 'one'][one % 2]}" for one in range(7)]
    assert "mini-batches: 3 processed, 0 failed, 0 retried, 0 not run; items: 7 processed, 1 failed" in log
    assert 1 <= len(list((kept / "ended").iterdir())) <= 2
    place = data_of(mlw("job", "show", "example-digits-identify", "-o", "json"))["outputs"]["digits"]
    assert place["path"] == "parallel-examples/digits.txt"
