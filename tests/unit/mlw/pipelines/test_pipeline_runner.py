"""Pipeline jobs from the file to the end, with fakes of what is outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.clients.storage.conditional_documents import Document
from infra.errors import ServiceUnreachableError
from mlw.jobs.command_jobs import CommandJob, JobOutput
from mlw.jobs.job_errors import JobError
from mlw.jobs.job_status import JobStatus
from mlw.pipelines.pipeline_errors import PipelineError
from mlw.pipelines.pipeline_jobs import PipelineJob
from mlw.pipelines.pipeline_runner import WHY
from mlw.pipelines.pipeline_submission import pipeline_record
from tests.support.pipeline_documents import inline, pipeline
from tests.support.pipeline_runs import FakeWorkspace, NeverStopped


def _document(*, rate: str = "0.5", train: str = "train", **over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """prepare -> train -> score, and report, which waits for nothing."""
    folder = {"type": "uri_folder"}
    return pipeline(
        {
            "prepare": inline(
                "prepare ${{inputs.raw}}", inputs={"raw": "${{parent.inputs.raw}}"}, outputs={"clean": folder}
            ),
            "train": inline(
                train,
                code="/project/src",
                inputs={"clean": "${{parent.jobs.prepare.outputs.clean}}", "rate": rate},
                outputs={"model": folder},
            ),
            "score": inline(
                "score",
                code="/project/src",
                inputs={"model": "${{parent.jobs.train.outputs.model}}"},
                outputs={"scores": "${{parent.outputs.final}}"},
            ),
            "report": inline("report"),
        },
        **over,
    )


@pytest.fixture
def workspace() -> FakeWorkspace:
    """An empty one."""
    return FakeWorkspace()


def _run(workspace: FakeWorkspace, name: str, **over: Any) -> list[str]:  # noqa: ANN401 - YAML
    """Run the pipeline; the commands that ran, sorted."""
    before = len(workspace.ran)
    workspace.submit(_document(**over), name)
    workspace.carry_out(name)
    return sorted(job.command.split()[0] for job in workspace.ran[before:])


def _why(workspace: FakeWorkspace, job: str) -> str:
    return workspace.records.read(job).record.properties["mlw.why"]


def test_steps_get_the_outputs_of_others_and_are_child_runs(workspace: FakeWorkspace) -> None:
    workspace.submit(_document(), "one")
    done = workspace.carry_out("one")

    assert (done.status, done.error) == (JobStatus.COMPLETED, "")
    jobs = {job.name: job for job in workspace.ran}
    model = jobs["one-score"].inputs["model"].location
    assert model is not None
    assert (model.name, model.digest) == ("azureml/one-train/model", f"digest of {workspace.contents[model.name]}")
    assert "prepare" in model.digest
    assert {job.parent_run for job in workspace.ran} == {"run of one"}
    assert {(job.parent, job.compute) for job in workspace.ran} == {("one", "cpu-cluster")}
    assert done.outputs["final"].name == "azureml/one-score/scores"
    assert workspace.ended == {"run of one": JobStatus.COMPLETED}


def test_the_folder_of_several_steps_is_stored_once(workspace: FakeWorkspace) -> None:
    workspace.submit(_document(), "one")

    assert [str(folder) for folder in workspace.stored] == ["/project/src"]


def test_the_record_of_a_pipeline_can_be_read_again(workspace: FakeWorkspace) -> None:
    record = workspace.submit(_document(), "one")

    assert PipelineJob.of(record.command).as_json() == record.command


def test_an_unchanged_pipeline_runs_nothing(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")

    assert _run(workspace, "two") == []
    assert _why(workspace, "two-train") == "results of job 'one-train' reused"
    state = workspace.records.read("two-score").state
    assert (state.status, state.outputs["scores"].name) == (JobStatus.COMPLETED, "azureml/one-score/scores")


def test_a_changed_step_runs_alone_if_it_writes_the_same(workspace: FakeWorkspace) -> None:
    workspace.results["train"] = "the same model"
    _run(workspace, "one")

    assert _run(workspace, "two", rate="0.6") == ["train"]
    assert _why(workspace, "two-train") == "input 'rate': '0.5' -> '0.6'"


def test_steps_after_one_with_another_result_run_too(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")

    assert _run(workspace, "two", train="train better") == ["score", "train"]
    assert _why(workspace, "two-train") == "command changed"
    assert _why(workspace, "two-score") == "content of input 'model' changed"
    assert _why(workspace, "two-prepare") == "results of job 'one-prepare' reused"


def test_another_image_runs_all_steps(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")
    workspace.image = "sha256:2"

    assert len(_run(workspace, "two")) == 4
    assert _why(workspace, "two-report") == "environment changed"


def test_force_rerun_runs_all_steps(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")

    assert len(_run(workspace, "two", settings={"force_rerun": True})) == 4
    assert _why(workspace, "two-report") == "force_rerun is set"


def test_results_that_are_not_there_any_more_are_not_reused(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")
    del workspace.contents["azureml/one-train/model"]

    assert _run(workspace, "two") == ["train"]
    assert _why(workspace, "two-train") == "output 'model' of job 'one-train' was changed or removed"


def test_a_failure_names_the_step_and_what_did_not_run(workspace: FakeWorkspace) -> None:
    workspace.failing.add("train")
    workspace.submit(_document(), "one")

    done = workspace.carry_out("one")

    assert done.status is JobStatus.FAILED
    assert done.error == "step 'train': exit code 1\nnot run: score"


def test_a_failed_step_runs_again_and_completed_ones_do_not(workspace: FakeWorkspace) -> None:
    workspace.failing.add("train")
    _run(workspace, "one")
    workspace.failing.clear()

    assert _run(workspace, "two") == ["score", "train"]
    assert _why(workspace, "two-train") == "it has no earlier results"


def test_a_canceled_pipeline_starts_no_step(workspace: FakeWorkspace) -> None:
    class Stopped(NeverStopped):
        reason = "canceled by a request"

    workspace.submit(_document(), "one")

    done = workspace.carry_out("one", Stopped())

    assert (done.status, done.error, workspace.ran) == (JobStatus.CANCELED, "canceled by a request", [])


def test_after_a_kill_only_what_was_not_finished_runs(workspace: FakeWorkspace) -> None:
    workspace.submit(_document(), "one")
    workspace.killed = "train"
    with pytest.raises(KeyboardInterrupt):
        workspace.carry_out("one")
    before = {job.name for job in workspace.ran}
    workspace.killed = ""

    done = workspace.carry_out("one")

    assert done.status is JobStatus.COMPLETED
    assert sorted(job.name for job in workspace.ran) == ["one-prepare", "one-report", "one-score", "one-train"]
    assert "one-prepare" in before
    assert list(workspace.runs) == ["run of one"]


def test_after_a_kill_reused_steps_stay_reused(workspace: FakeWorkspace) -> None:
    _run(workspace, "one")
    workspace.submit(_document(train="train better"), "two")
    workspace.killed = "train better"
    with pytest.raises(KeyboardInterrupt):
        workspace.carry_out("two")
    workspace.killed = ""

    assert workspace.carry_out("two").status is JobStatus.COMPLETED
    assert sorted(job.name for job in workspace.ran if job.name.startswith("two")) == ["two-score", "two-train"]


def test_a_step_that_was_started_before_a_kill_continues_whatever_others_have_done(workspace: FakeWorkspace) -> None:
    workspace.submit(_document(), "one")
    workspace.killed = "train"
    with pytest.raises(KeyboardInterrupt):
        workspace.carry_out("one")
    workspace.killed = ""
    _run(workspace, "two")

    workspace.carry_out("one")

    assert "one-train" in {job.name for job in workspace.ran}


def test_a_storage_account_that_restarts_fails_no_step(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([ServiceUnreachableError("restarting")])
    real = workspace.documents.read

    def read(container: str, name: str) -> Document | None:
        if "train" in name:
            for error in found:
                raise error
        return real(container, name)

    workspace.submit(_document(), "one")
    monkeypatch.setattr(workspace.documents, "read", read)

    assert workspace.carry_out("one").status is JobStatus.COMPLETED


def test_a_log_or_a_run_that_cannot_be_closed_changes_no_result(
    workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServiceUnreachableError("storing the log: no response")

    workspace.submit(_document(), "first")
    monkeypatch.setattr(workspace, "end", fail)
    monkeypatch.setattr(workspace.log("first"), "close", fail)

    done = workspace.carry_out("first")

    assert (done.status, done.error) == (JobStatus.COMPLETED, "")
    assert workspace.reports == ["first: storing the log: no response"] * 2


def test_the_default_artifacts_of_a_step_are_an_output_that_every_step_has(workspace: FakeWorkspace) -> None:
    jobs = {
        "a": inline(outputs={"artifacts": {"type": "uri_folder"}}),
        "b": inline("cat ${{inputs.a}}", inputs={"a": "${{parent.jobs.a.outputs.artifacts}}"}),
    }
    workspace.submit(pipeline(jobs), "one")

    workspace.carry_out("one")

    first, second = workspace.ran
    place = second.inputs["a"].location
    assert place is not None
    assert (first.outputs, place.container, place.name) == ({}, "azureml", "ExperimentRun/dcid.one-a")


def test_wrong_bindings_of_all_commands_are_reported_before_anything_is_stored(workspace: FakeWorkspace) -> None:
    jobs = {
        "a": inline("run ${{inputs.none}}", code="/project/src"),
        "b": inline("run ${{outputs.none}}"),
        "c": inline(resources={"instance_count": 2}),
        "d": inline(inputs={"x": "${{parent.inputs.none}}"}),
    }

    with pytest.raises(PipelineError, match=r"step 'a': .*inputs\.none") as caught:
        workspace.submit(pipeline(jobs), "one")

    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "step 'd'",
        "step 'a'",
        "step 'b'",
        "step 'c'",
    ]
    assert workspace.stored == []


def test_a_name_that_no_job_can_have_is_refused(workspace: FakeWorkspace) -> None:
    with pytest.raises(JobError, match="not a name of a job"):
        workspace.submit(_document(), "a name")


def test_services_and_sizes_of_steps_are_ignored_with_a_notice(workspace: FakeWorkspace) -> None:
    given = workspace.submission()
    document = pipeline({"a": inline(services={"code": {"type": "vs_code"}})})

    pipeline_record(document, given, Path("/project"), lambda _reference: {})

    assert given.notices == ["step 'a': `services` is ignored: the container of a job publishes no ports."]


def test_outputs_without_a_path_go_to_the_default_datastore_of_the_pipeline(workspace: FakeWorkspace) -> None:
    paths = {}

    def resolve(job: str, name: str, given: Mapping[str, Any]) -> JobOutput:
        paths[f"{job}.{name}"] = given.get("path")
        return JobOutput()

    given = replace(workspace.submission(), resolve_output=resolve)
    jobs = {"a": inline(outputs={"x": {"type": "uri_folder"}, "y": {"path": "azureml://datastores/own/paths/y"}})}
    document = pipeline(jobs, name="one", settings={"default_datastore": "azureml:big"})

    pipeline_record(document, given, Path("/project"), lambda _reference: {})

    assert paths == {
        "one-a.x": "azureml://datastores/big/paths/azureml/one-a/x",
        "one-a.y": "azureml://datastores/own/paths/y",
    }


def test_the_name_in_the_path_of_an_input_is_that_of_the_steps_job(workspace: FakeWorkspace) -> None:
    named = {"type": "uri_folder", "path": "azureml://datastores/d/paths/${{name}}/"}
    steps = {name: inline("read", inputs={"x": named}) for name in ("one", "other")}

    record = workspace.submit(pipeline(steps), "p")

    places = {step.name: step.job.inputs["x"].location for step in PipelineJob.of(record.command).steps}
    assert {name: place and place.name for name, place in places.items()} == {
        "one": "azureml://datastores/d/paths/p-one/",
        "other": "azureml://datastores/d/paths/p-other/",
    }


def _tuning(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A sweep step whose trials are a component, and a step that reads the output of the best one."""
    component = {
        "type": "command",
        "command": "train ${{inputs.lr}} ${{inputs.raw}} ${{outputs.model}}",
        "environment": "azureml:sklearn@latest",
        "inputs": {"lr": {"type": "number"}, "raw": {"type": "uri_file"}},
        "outputs": {"model": {"type": "uri_folder"}},
    }
    tune = {
        "type": "sweep",
        "trial": component,
        "inputs": {"raw": "${{parent.inputs.raw}}"},
        "search_space": {"lr": {"type": "uniform", "min_value": 0, "max_value": 1}},
        "objective": {"goal": "maximize", "primary_metric": "accuracy"},
        "limits": {"max_total_trials": 3},
        **over,
    }
    use = inline(
        "use",
        inputs={"model": "${{parent.jobs.tune.outputs.model}}"},
        outputs={"scores": "${{parent.outputs.final}}"},
    )
    return pipeline({"tune": tune, "use": use})


def test_a_sweep_step_gives_the_next_step_the_outputs_of_its_best_trial(workspace: FakeWorkspace) -> None:
    workspace.submit(_tuning(), "p")

    done = workspace.carry_out("p")

    records = workspace.records
    best = records.state("p-tune").properties["best_child_run_id"]
    trial = CommandJob.of(records.read("p-tune_1").record.command)
    (used,) = workspace.ran
    assert (done.status, records.read("p-tune").record.type) == (JobStatus.COMPLETED, "sweep")
    (location,) = (one.location for one in used.inputs.values())
    assert location == replace(records.state(best).outputs["model"], digest="digest of ")
    assert (trial.parent, trial.root, trial.inputs["raw"].location is None) == ("p-tune", "p", False)
    assert records.read("p-tune").record.parent == "p"


def test_a_sweep_step_is_reused_unless_its_search_changes(workspace: FakeWorkspace) -> None:
    for name, goal in (("p", "maximize"), ("again", "maximize"), ("other", "minimize")):
        document = _tuning(objective={"goal": goal, "primary_metric": "accuracy"})
        workspace.submit(document, name)
        workspace.carry_out(name)

    whys = [workspace.records.read(f"{name}-tune").record.properties[WHY] for name in ("again", "other")]
    assert whys == ["results of job 'p-tune' reused", "sweep changed"]


def test_what_is_wrong_with_a_sweep_step_is_said_before_anything_is_started(workspace: FakeWorkspace) -> None:
    with pytest.raises(PipelineError, match=r"step 'tune': limits\.max_total_trials is 0"):
        workspace.submit(_tuning(limits={}), "p")
