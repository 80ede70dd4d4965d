"""Pipeline jobs on a running workspace: data between steps, reuse, failures, and a runner that is killed in between."""

import os
import signal
from pathlib import Path
from typing import Any

import yaml

from mlw.jobs import runner_lock
from tests.support.engine import open_engine
from tests.support.jobs_workspace import Mlw, data_of
from tests.support.pipeline_documents import inline, pipeline
from tests.support.probes import probe_until
from tests.support.processes import Finished
from tests.support.running_jobs import lock_of
from tests.support.stacks import LiveStack

FOLDER = {"type": "uri_folder"}
IMAGE = {"image": "python"}


def _step(command: str, **over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return inline(command, **{"environment": IMAGE, **over})


DOUBLE = {
    "type": "command",
    "inputs": {
        "data": FOLDER,
        "factor": {"type": "integer", "default": 2},
        "plus": {"type": "integer", "optional": True},
    },
    "outputs": {"doubled": FOLDER},
    "environment": IMAGE,
    "code": "./src",
    "command": "python times.py ${{inputs.data}} ${{outputs.doubled}} ${{inputs.factor}} $[[${{inputs.plus}}]]",
}
NESTED = {
    "type": "pipeline",
    "inputs": {"data": FOLDER, "factor": {"type": "integer"}},
    "outputs": {"doubled": FOLDER},
    "jobs": {
        "inner": {
            "type": "command",
            "component": "./double.yml",
            "inputs": {"data": "${{parent.inputs.data}}", "factor": "${{parent.inputs.factor}}"},
            "outputs": {"doubled": "${{parent.outputs.doubled}}"},
        }
    },
}


def _document() -> dict[str, Any]:
    """read -> double -> sum; double is in a nested pipeline component."""
    read = "${{parent.jobs.read.outputs.read}}"
    return pipeline(
        {
            "read": _step(
                "cp ${{inputs.raw}} ${{outputs.read}}/numbers",
                inputs={"raw": "${{parent.inputs.raw}}"},
                outputs={"read": FOLDER},
            ),
            "double": {
                "type": "pipeline",
                "component": "./nested.yml",
                "inputs": {"data": read, "factor": "${{parent.inputs.factor}}"},
            },
            "sum": _step(
                "cat ${{inputs.doubled}}/* ${{inputs.read}}/* > ${{outputs.all}}/all; echo ${{inputs.note}}",
                inputs={"doubled": "${{parent.jobs.double.outputs.doubled}}", "read": read, "note": "first"},
                outputs={"all": "${{parent.outputs.total}}"},
            ),
        },
        inputs={"raw": {"type": "uri_file", "path": "./raw.txt"}, "factor": 2},
        outputs={"total": FOLDER},
    )


def _write(folder: Path, document: dict[str, Any]) -> Path:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "times.py").write_text(
        "import sys\n"
        "source, target, factor = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"
        "numbers = open(f'{source}/numbers').read().split()\n"
        "open(f'{target}/numbers', 'w').write(' '.join(str(factor * int(one)) for one in numbers) + '\\n')\n",
        encoding="utf-8",
    )
    (folder / "raw.txt").write_text("1 2 3\n", encoding="utf-8")
    (folder / "double.yml").write_text(yaml.safe_dump(DOUBLE), encoding="utf-8")
    (folder / "nested.yml").write_text(yaml.safe_dump(NESTED), encoding="utf-8")
    file = folder / "pipeline.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _run(mlw: Mlw, file: Path, name: str, *words: str) -> Finished:
    return mlw("job", "create", "-f", str(file), "--name", name, "--stream", *words)


def _steps(mlw: Mlw, name: str) -> dict[str, Any]:
    """The jobs of the steps of a pipeline job, by the step's name."""
    found = data_of(mlw("job", "list", "--parent-job-name", name, "-o", "json"))
    return {one["name"].removeprefix(f"{name}-"): one for one in found}


def _why(mlw: Mlw, name: str) -> dict[str, str]:
    return {step: one["properties"]["mlw.why"] for step, one in _steps(mlw, name).items()}


def test_steps_pass_data_and_only_what_changed_runs_again(mlw: Mlw, tmp_path: Path) -> None:
    file = _write(tmp_path, _document())

    _run(mlw, file, "pipe-one").check()
    total = data_of(mlw("job", "show", "pipe-one", "-o", "json"))["outputs"]["total"]
    assert total["path"] == "azureml/pipe-one-sum/all"
    _run(mlw, file, "pipe-two").check()
    _run(mlw, file, "pipe-three", "--set", "jobs.sum.inputs.note=second").check()

    assert _why(mlw, "pipe-two") == {
        step: f"results of job 'pipe-one-{step}' reused" for step in ("read", "double-inner", "sum")
    }
    assert [one["start_time"] for one in _steps(mlw, "pipe-two").values()] == [None, None, None]
    assert _why(mlw, "pipe-three")["sum"] == "input 'note': 'first' -> 'second'"
    assert _steps(mlw, "pipe-three")["double-inner"]["start_time"] is None
    shown = mlw("job", "show", "pipe-three").check().stdout
    assert "└─ double.inner" in shown


def test_a_job_runs_the_steps_of_the_component_that_it_names(mlw: Mlw, tmp_path: Path) -> None:
    _write(tmp_path, _document())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "numbers").write_text("1 2\n", encoding="utf-8")
    inputs = {"data": {**FOLDER, "path": "./in"}, "factor": 4}
    file = tmp_path / "whole.yml"
    file.write_text(yaml.safe_dump({"type": "pipeline", "component": "./nested.yml", "inputs": inputs}), "utf-8")

    _run(mlw, file, "pipe-whole").check()
    mlw("job", "download", "pipe-whole", "--output-name", "doubled", "--download-path", str(tmp_path / "got")).check()

    assert list(_steps(mlw, "pipe-whole")) == ["inner"]
    assert [one.read_text("utf-8") for one in (tmp_path / "got").rglob("numbers")] == ["4 8\n"]


def test_what_cannot_run_here_is_refused_at_once_with_the_steps(mlw: Mlw, tmp_path: Path) -> None:
    jobs = {"several": _step("true", resources={"instance_count": 2}), "wrong": _step("echo ${{inputs.none}}")}

    refused = _run(mlw, _write(tmp_path, pipeline(jobs, inputs={}, outputs={})), "pipe-refused")

    assert refused.exit_code == 1
    assert [step for step in ("'several'", "'wrong'") if step not in refused.output] == []
    assert mlw("job", "show", "pipe-refused").exit_code == 1


def test_a_failed_step_is_named_and_others_continue_if_they_should(mlw: Mlw, tmp_path: Path) -> None:
    jobs = {
        "bad": _step("echo broken >&2; exit 3", outputs={"o": FOLDER}),
        "after": _step("cat ${{inputs.o}}/x", inputs={"o": "${{parent.jobs.bad.outputs.o}}"}),
        "free": _step("true"),
    }
    settings = {"continue_on_step_failure": True}

    failed = _run(mlw, _write(tmp_path, pipeline(jobs, inputs={}, outputs={}, settings=settings)), "pipe-failed")

    assert failed.exit_code == 1
    assert [text for text in ("step 'bad': ", "not run: after") if text not in failed.output] == []
    assert {step: one["status"] for step, one in _steps(mlw, "pipe-failed").items()} == {
        "bad": "Failed",
        "free": "Completed",
    }


def _runner(stack: LiveStack) -> int:
    """The process that carries out the jobs of a stack."""
    found = runner_lock.holder(lock_of(stack.stack))
    assert found
    return found


def _containers(stack: LiveStack) -> list[str]:
    """Containers of the jobs of pipelines."""
    with open_engine() as engine:
        found = engine.containers.list(all=True, filters={"label": f"ml-workspace.stack={stack.stack.name}"})
        return [str(one.name) for one in found if "pipe-" in str(one.name)]


def _waiting(folder: Path) -> Path:
    """A pipeline whose second step runs until it is canceled, or for the time of a kill."""
    jobs = {
        "quick": _step("echo 1 > ${{outputs.o}}/x", outputs={"o": FOLDER}),
        "slow": _step(
            "sleep ${{inputs.seconds}}; cat ${{inputs.o}}/x",
            inputs={"o": "${{parent.jobs.quick.outputs.o}}", "seconds": "${{parent.inputs.seconds}}"},
        ),
    }
    return _write(folder, pipeline(jobs, inputs={"seconds": 600}, outputs={}))


def _await_status(mlw: Mlw, job: str, status: str) -> None:
    def look() -> None:
        assert data_of(mlw("job", "show", job, "-o", "json"))["status"] == status

    probe_until(look, what=f"status of job '{job}'")


def test_cancel_ends_the_steps_of_a_pipeline(mlw: Mlw, tmp_path: Path) -> None:
    mlw("job", "create", "-f", str(_waiting(tmp_path)), "--name", "pipe-canceled").check()
    _await_status(mlw, "pipe-canceled-slow", "Running")

    mlw("job", "cancel", "pipe-canceled").check()

    _await_status(mlw, "pipe-canceled", "Canceled")
    assert _steps(mlw, "pipe-canceled")["slow"]["status"] == "Canceled"


def test_a_pipeline_whose_runner_was_killed_continues_with_what_was_not_finished(
    mlw: Mlw, jobs_stack: LiveStack, tmp_path: Path
) -> None:
    file = str(_waiting(tmp_path))
    mlw("job", "create", "-f", file, "--name", "pipe-killed", "--set", "inputs.seconds=8").check()
    _await_status(mlw, "pipe-killed-slow", "Running")
    before = _steps(mlw, "pipe-killed")["quick"]
    os.kill(_runner(jobs_stack), signal.SIGKILL)

    mlw("job", "stream", "pipe-killed").check()

    after = _steps(mlw, "pipe-killed")
    assert after["quick"] == before
    assert after["slow"]["status"] == "Completed"
    assert _containers(jobs_stack) == []
