"""Types of jobs that are command jobs with a program of this project: alone, and as steps of pipelines."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlw.jobs import job_paths, job_types, program_files
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.dispatcher import JobStop
from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.pipeline_submission import pipeline_record
from mlw.pipelines.step_content import content_of, differences
from tests.support.fake_jobs import FakeContainer, FakeWorkspace
from tests.support.pipeline_documents import inline, pipeline, read
from tests.support.pipeline_runs import FakeWorkspace as FakePipelines

PLACE = "tests.support.fake_jobs:greeting"
GREETING = {"type": "greeting", "whom": "Ada"}


@pytest.fixture(autouse=True)
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(job_types.TABLE, "greeting", PLACE)


def test_the_record_has_the_type_and_the_document_as_written_and_the_command_that_carries_it_out() -> None:
    submission = FakePipelines().submission()

    record = submission.record_of({**GREETING, "name": "hello"}, Path("/project"))

    assert (record.type, record.document) == ("greeting", {**GREETING, "name": "hello"})
    job = CommandJob.of(record.command)
    assert (job.command, job.program, list(job.outputs)) == ("greet Ada", "greeting", ["letter"])
    assert submission.notices == ["greetings are short"]


def test_a_command_stays_what_it_is() -> None:
    document = {"type": "command", "command": "true"}

    assert job_types.as_command(document) is document


def test_steps_and_components_of_such_a_type_run_in_pipelines() -> None:
    letter = "${{parent.jobs.a.outputs.letter}}"

    graph = read({"a": GREETING, "b": {"component": GREETING}, "c": inline(inputs={"x": letter})})

    assert [graph.steps[name].component.command for name in "ab"] == ["greet Ada", "greet Ada"]
    assert graph.steps["c"].inputs == {"x": StepOutput("a", "letter")}


def test_the_user_sees_the_notices_of_a_step() -> None:
    submission = FakePipelines().submission()

    pipeline_record(pipeline({"a": GREETING}, inputs={}, outputs={}), submission, Path("/project"), lambda _name: {})

    assert submission.notices == ["step 'a': greetings are short"]


def test_the_record_of_a_step_has_its_type() -> None:
    workspace = FakePipelines()
    workspace.submit(pipeline({"a": GREETING}, inputs={}, outputs={}), "p")

    workspace.carry_out("p")

    assert workspace.records.read("p-a").record.type == "greeting"
    assert workspace.ran[0].program == "greeting"


def test_another_program_gives_other_results(monkeypatch: pytest.MonkeyPatch) -> None:
    job = CommandJob(name="j", command="greet", program="greeting")
    before = content_of(job, image="", digests={}, distribution={})

    monkeypatch.setattr(program_files, "digest", lambda _name: "another")

    assert differences(before, content_of(job, image="", digests={}, distribution={})) == ["program changed"]
    assert "program" not in content_of(CommandJob(name="j", command="c"), image="", digests={}, distribution={})


def test_a_job_has_the_files_of_its_program_and_runs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "mlw" / "job_programs" / "greeting"
    program.mkdir(parents=True)
    (program / "__init__.py").touch()
    (program / "__main__.py").write_text("import sys\nprint('hello', *sys.argv[1:])\n", encoding="utf-8")
    for name in ("__init__.py", "job_programs/__init__.py"):
        (tmp_path / "mlw" / name).touch()
    monkeypatch.setattr(program_files, "FOLDER", program.parent)
    monkeypatch.setattr(program_files, "_ROOT", tmp_path)
    monkeypatch.setattr(job_paths, "MOUNT", str(tmp_path / "mount"))
    put: dict[str, bytes] = {}

    def command(container: FakeContainer) -> None:
        put.update(container.files)
        container.exit()

    world = FakeWorkspace()
    world.engine.command = command

    world.runner.run(CommandJob(name="j", command="greet", program="greeting"), JobStop())
    for name, content in put.items():
        (tmp_path / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mount" / name).write_bytes(content)
    line = f"{program_files.command_line('greeting')} Ada"
    variables = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": ""}
    done = subprocess.run(["/bin/bash", "-c", line], env=variables, capture_output=True, text=True, check=True)

    assert done.stdout == "hello Ada\n"
    assert [name for name in put if name.startswith(job_paths.PROGRAM)] == [
        f"{job_paths.PROGRAM}/mlw/{name}"
        for name in ("__init__.py", "job_programs/__init__.py", "job_programs/greeting/__init__.py",
                     "job_programs/greeting/__main__.py")
    ]  # fmt: skip
