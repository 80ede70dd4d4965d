"""The program of parallel jobs, run as in a container, with scripts that succeed, fail, hang and die."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlw.job_programs.parallel_run.entry_scripts import lines_of
from mlw.job_programs.parallel_run.parallel_settings import Settings

ROOT = Path(__file__).parents[4]
NAMES = """
import argparse, os
def init():
    global prefix
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix")
    prefix = parser.parse_known_args()[0].prefix
def run(mini_batch):
    return [f"{prefix}{os.path.basename(one)}" for one in mini_batch]
def shutdown():
    print("shut down")
"""


@dataclass
class Job:
    """A folder with data and a script."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = "score.py"

    def run(self, script: str, *arguments: str, **over: object) -> subprocess.CompletedProcess[str]:
        (self.folder / "score.py").write_text(script, encoding="utf-8")
        settings = Settings(**{"data": "data", "append_to": "rows", **over})  # type: ignore[arg-type]
        command = [sys.executable, "-m", "mlw.job_programs.parallel_run", self.name, settings.as_text(), *arguments]
        places = {"AZURE_ML_INPUT_data": str(self.folder / "data"), "AZURE_ML_OUTPUT_rows": str(self.output)}
        variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **places, **self.variables}
        return subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def output(self) -> Path:
        return self.folder / "out" / "rows.txt"

    @property
    def rows(self) -> list[str]:
        return self.output.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "data").mkdir()
    for number in range(5):
        (tmp_path / "data" / f"{number}.txt").write_text("x" * 100, encoding="utf-8")
    return Job(tmp_path)


def test_mini_batches_run_in_processes_and_what_they_return_is_kept_in_order(job: Job) -> None:
    done = job.run(NAMES, "--prefix", "file ", "--unknown", batch_files=2, processes=2)

    assert done.returncode == 0, done.stderr
    assert job.rows == [f"file {number}.txt" for number in range(5)]
    assert "mini-batches: 3; items: 5; processes: 2" in done.stdout
    assert "mini-batches: 3 processed, 0 failed, 0 retried, 0 not run; items: 5 processed, 0 failed" in done.stdout
    assert done.stdout.count("shut down") == 2


def test_a_size_limits_the_files_of_a_mini_batch(job: Job) -> None:
    assert "mini-batches: 3;" in job.run(NAMES, batch_files=0, batch_bytes=250).stdout


def test_a_mini_batch_that_fails_is_tried_again(job: Job) -> None:
    script = (
        "import os\nfrom pathlib import Path\n"
        "def run(mini_batch):\n"
        "    if mini_batch[0].endswith('3.txt') and not os.path.exists('tried'):\n"
        "        Path('tried').touch()\n        raise ValueError('the first time')\n"
        "    return mini_batch\n"
    )

    done = job.run(script)

    assert done.returncode == 0
    assert len(job.rows) == 5
    assert "mini-batch 4 failed, try 1 of 3: Traceback" in done.stdout
    assert "ValueError: the first time" in done.stdout
    assert "5 processed, 0 failed, 1 retried" in done.stdout


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("import time; time.sleep(60)", "it did not end within 1 s (retry_settings.timeout)"),
        ("import os; os._exit(3)", "the process ended (exit code 3)"),
        ("import os; os.kill(os.getpid(), 9)", "the process ended (signal SIGKILL)"),
    ],
    ids=["hangs", "exits", "is killed"],
)
def test_a_mini_batch_that_hangs_or_dies_costs_only_itself(job: Job, failure: str, reason: str) -> None:
    script = (
        f"def run(mini_batch):\n    if mini_batch[0].endswith('1.txt'):\n        {failure}\n    return mini_batch\n"
    )

    done = job.run(script, timeout_seconds=1, retries=1)

    assert done.returncode == 0
    assert [Path(one).name for one in job.rows] == ["0.txt", "2.txt", "3.txt", "4.txt"]
    assert f"mini-batch 2 failed, try 2 of 2: {reason}" in done.stdout
    assert "4 processed, 1 failed, 1 retried, 0 not run; items: 4 processed, 1 failed" in done.stdout


FAILS = (
    "def run(mini_batch):\n    if mini_batch[0] < mini_batch[0][:-5] + '2':\n        raise ValueError\n    return []\n"
)


@pytest.mark.parametrize(
    ("over", "arguments", "message"),
    [
        ({"batch_error_threshold": 1}, (), "2 mini-batches failed, more than `mini_batch_error_threshold` (1) allows"),
        ({"error_threshold": 2}, (), "3 items failed or run() returned nothing for them, more than `error_threshold`"),
        ({}, ("--allowed_failed_percent", "20"), "2 mini-batches failed, more than"),
        ({"error_threshold": 9}, ("--error_threshold", "2"), "more than `error_threshold` (2) allows"),
    ],
    ids=["mini-batches", "items", "percent", "items by an argument"],
)
def test_more_failures_than_allowed_end_the_job(
    job: Job, over: dict[str, int], arguments: tuple[str, ...], message: str
) -> None:
    done = job.run(FAILS, *arguments, retries=0, **over)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert message in done.stderr


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("def init():\n    raise OSError('no model')\ndef run(b):\n    return b\n", "init() of 'score.py' failed."),
        ("x = 1\n", "'score.py' has no function run(mini_batch)"),
        ("def run(b):\n    return 5\n", "all mini-batches failed"),
    ],
    ids=["init", "no run", "wrong result"],
)
def test_a_script_that_is_wrong_ends_the_job_with_the_reason(job: Job, script: str, message: str) -> None:
    done = job.run(script, retries=0)

    assert done.returncode == 1
    assert message in done.stderr


def test_run_can_have_a_second_argument_and_the_output_can_be_a_folder(job: Job) -> None:
    job.output.mkdir(parents=True)
    script = "def run(mini_batch, mini_batch_context):\n    return [mini_batch_context.minibatch_index]\n"

    job.run(script, "--append_row_file_name", "mine.csv", batch_files=3)

    assert (job.output / "mine.csv").read_text(encoding="utf-8") == "0\n1\n"


def test_partition_keys_need_a_table(job: Job) -> None:
    done = job.run(NAMES, partition_keys=("store",))

    assert done.returncode == 1
    assert "`partition_keys` need a table, and 'data' has no MLTable file" in done.stderr


def test_only_lists_and_data_frames_have_lines() -> None:
    assert lines_of(("a", 1)) == ["a", "1"]
    with pytest.raises(TypeError, match=r"run\(\) returned dict; it has to return a list or a data frame"):
        lines_of({})


SCORING = """
import os
from pathlib import Path
def run(mini_batch):
    Path(os.environ["AZUREML_BI_OUTPUT_PATH"], "note.txt").write_text("written")
    return [Path(os.environ["AZUREML_MODEL_DIR"], "m.txt").read_text() for one in mini_batch]
"""


@pytest.mark.parametrize("given", ["model", "model/m.txt"])
def test_a_batch_deployment_has_its_model_and_its_output(job: Job, given: str) -> None:
    (job.folder / "model").mkdir()
    (job.folder / "model" / "m.txt").write_text("learned")
    (job.folder / "out").mkdir()
    job.variables = {
        "AZURE_ML_INPUT_model": str(job.folder / given), "AZURE_ML_OUTPUT_score": str(job.folder / "out"),
    }  # fmt: skip

    done = job.run(SCORING, model="model", output="score")

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(job.rows) == {"learned"}
    assert (job.folder / "out" / "note.txt").read_text() == "written"


def test_a_model_of_mlflow_needs_mlflow_in_its_environment(job: Job) -> None:
    (job.folder / "model").mkdir()
    job.variables = {"AZURE_ML_INPUT_model": str(job.folder / "model")}
    job.name = ""

    done = job.run("", model="model")

    assert (done.returncode, "the environment has no MLflow" in done.stderr) == (1, True)
