"""From documents of pipelines to graphs."""

from __future__ import annotations

from typing import Any

import pytest

from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.graph import Data, Literal
from mlw.pipelines.pipeline_errors import PipelineError, StepError
from mlw.pipelines.read_pipeline import read_pipeline
from tests.support.pipeline_documents import inline, pipeline, prepare, read

RAW = "${{parent.inputs.raw}}"


def test_inputs_come_from_the_pipeline_from_defaults_and_from_other_steps() -> None:
    graph = read(
        {
            "score": inline(inputs={"clean": "${{parent.jobs.prepare.outputs.clean}}", "text": "hello"}),
            "prepare": {"component": prepare(), "inputs": {"raw": {"path": RAW, "mode": "download"}}},
        }
    )

    assert list(graph.steps) == ["prepare", "score"]
    assert graph.steps["prepare"].inputs == {
        "raw": Data("/project/raw.csv", "uri_file"),
        "rate": Literal("0.5", "number"),
        "count": None,
    }
    assert graph.steps["prepare"].modes == {"raw": "download"}
    assert graph.steps["score"].inputs == {"clean": StepOutput("prepare", "clean"), "text": Literal("hello", "string")}
    assert graph.steps["score"].after == {"prepare"}


def test_a_value_of_the_pipeline_gets_the_type_of_the_input() -> None:
    graph = read({"a": {"component": prepare(), "inputs": {"raw": RAW, "rate": {"path": "${{parent.inputs.rate}}"}}}})

    assert graph.steps["a"].inputs["rate"] == Literal("3", "number")


def test_an_output_of_the_pipeline_decides_where_the_output_of_a_step_goes() -> None:
    outputs = {"clean": {"path": "${{parent.outputs.final}}", "mode": "upload"}}
    graph = read({"a": {"component": prepare(), "inputs": {"raw": RAW}, "outputs": outputs}})

    target = graph.steps["a"].outputs["clean"]
    assert (target.asset, target.mode) == ("scores:4", "upload")
    assert graph.outputs == {"final": StepOutput("a", "clean")}


def test_paths_of_a_step_may_have_placeholders() -> None:
    folder = {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/runs/${{name}}/"}
    step = {"command": "cp ${{inputs.old}} ${{outputs.new}}", "inputs": {"old": folder}, "outputs": {"new": folder}}

    read_step = read({"a": step}).steps["a"]

    assert read_step.inputs == {"old": Data(folder["path"], "uri_folder")}
    assert read_step.outputs["new"].path == folder["path"]


def test_steps_of_a_nested_pipeline_are_connected_through_its_inputs_and_outputs() -> None:
    nested = {
        "type": "pipeline",
        "inputs": {"data": {"type": "uri_file"}, "rate": {"type": "number", "default": 0.25}},
        "outputs": {"clean": {"type": "uri_folder"}},
        "jobs": {
            "inner": {
                "component": prepare(),
                "inputs": {"raw": "${{parent.inputs.data}}", "rate": "${{parent.inputs.rate}}"},
                "outputs": {"clean": "${{parent.outputs.clean}}"},
            }
        },
    }

    graph = read(
        {
            "first": inline(outputs={"file": {"type": "uri_file"}}),
            "n": {
                "component": nested,
                "inputs": {"data": "${{parent.jobs.first.outputs.file}}"},
                "outputs": {"clean": "${{parent.outputs.final}}"},
                "compute": "other",
            },
            "last": inline(inputs={"x": "${{parent.jobs.n.outputs.clean}}"}),
        }
    )

    assert {name: sorted(step.after) for name, step in graph.steps.items()} == {
        "first": [],
        "n.inner": ["first"],
        "last": ["n.inner"],
    }
    assert graph.steps["n.inner"].inputs["rate"] == Literal("0.25", "number")
    assert graph.steps["n.inner"].compute == "other"
    assert graph.steps["n.inner"].outputs["clean"].asset == "scores:4"
    assert graph.outputs == {"final": StepOutput("n.inner", "clean")}


def whole() -> dict[str, Any]:
    """A pipeline component that a job can name instead of steps."""
    inner = {
        "component": prepare(),
        "inputs": {"raw": "${{parent.inputs.data}}", "rate": "${{parent.inputs.rate}}"},
        "outputs": {"clean": "${{parent.outputs.clean}}"},
    }
    return {
        "type": "pipeline",
        "inputs": {"data": {"type": "uri_file"}, "rate": {"type": "number", "default": 0.25}},
        "outputs": {"clean": {"type": "uri_folder"}},
        "jobs": {"inner": inner},
    }


def test_a_job_can_name_a_pipeline_component_instead_of_steps() -> None:
    job = {"component": "azureml:whole:1", "compute": "azureml:c", "inputs": {"data": {"path": "/a.csv"}}}
    named = {"outputs": {"clean": {"name": "scores"}}, "type": "pipeline"}

    graph = read_pipeline({**job, **named}, {"azureml:whole:1": whole()}.__getitem__)

    step = graph.steps["inner"]
    assert (step.compute, step.outputs["clean"].asset) == ("c", "scores")
    assert step.inputs["rate"] == Literal("0.25", "number")
    assert graph.outputs == {"clean": StepOutput("inner", "clean")}


@pytest.mark.parametrize(
    ("job", "problems"),
    [
        (
            {"component": whole(), "inputs": {"dta": 1}, "outputs": {"x": None}},
            [
                "the component has no input 'dta'; inputs: 'data', 'rate'",
                "input 'data' is required and has no value",
                "the component has no output 'x'; outputs: 'clean'",
                "step 'inner': input 'raw' is required and has no value",
            ],
        ),
        (
            {"component": prepare()},
            [
                "component: it is of type 'command', and a job of type pipeline needs one of type pipeline; "
                "make it a step below `jobs`, or omit `type`"
            ],
        ),
    ],
    ids=["inputs and outputs", "type"],
)
def test_everything_wrong_with_the_component_of_a_job_is_said_at_once(job: dict[str, Any], problems: list[str]) -> None:
    known: dict[str, dict[str, Any]] = {}

    with pytest.raises(PipelineError) as caught:
        read_pipeline({"type": "pipeline", **job}, known.__getitem__)

    assert [line.strip(" -") for line in str(caught.value).splitlines()[1:]] == problems


def test_what_a_step_sets_has_priority_over_its_component() -> None:
    step = {
        "component": prepare(environment_variables={"A": "1", "B": "2"}),
        "inputs": {"raw": RAW},
        "environment_variables": {"B": 3},
        "limits": {"timeout": 60},
        "compute": "${{parent.inputs.where}}",
    }

    graph = read({"a": step}, inputs={"raw": {"type": "uri_file", "path": "x"}, "where": "azureml:gpu"})

    planned = graph.steps["a"]
    assert planned.environment_variables == {"A": "1", "B": "3"}
    assert (planned.timeout_seconds, planned.compute) == (60, "gpu")


def test_settings_are_read() -> None:
    graph = read(
        {"a": inline()},
        compute=None,
        settings={"default_compute": "azureml:small", "continue_on_step_failure": True, "force_rerun": "true"},
    )

    assert (graph.continue_on_step_failure, graph.force_rerun, graph.steps["a"].compute) == (True, True, "small")


def test_a_registered_component_is_looked_up() -> None:
    asked = []

    def find(reference: str) -> dict[str, Any]:
        asked.append(reference)
        return prepare()

    graph = read_pipeline(pipeline({"a": {"component": "azureml:prepare:2", "inputs": {"raw": RAW}}}), find)

    assert (asked, graph.steps["a"].component.title) == (["azureml:prepare:2"], "prepare:2")


@pytest.mark.parametrize(
    ("jobs", "problem"),
    [
        ({"a": {"component": prepare()}}, "step 'a': input 'raw' is required and has no value"),
        ({"a": inline(inputs={"x": "${{parent.inputs.none}}"})}, "no input 'none'; inputs: 'raw', 'rate'"),
        ({"a": inline(inputs={"x": "${{parent.jobs.b.outputs.o}}"})}, "there is no step 'b'; steps: 'a'"),
        ({"a": inline(), "b": inline(inputs={"x": "${{parent.jobs.a.outputs.o}}"})}, "'a' has no output 'o'; outputs"),
        ({"a": inline(inputs={"x": "${{inputs.raw}}"})}, "Azure refuses, too; write '${{parent.inputs.raw}}'"),
        ({"a": inline(inputs={"x": "${{raw}}"})}, "'${{raw}}' is not a binding; allowed: "),
        ({"a": inline(inputs={"x": "${{parent.outputs.final}}"})}, "an input cannot be bound to output 'final'"),
        ({"a": inline(outputs={"o": "${{parent.outputs.none}}"})}, "no output 'none'; outputs: 'final'"),
        ({"a": inline(outputs={"o": RAW})}, "an output can only be bound to an output of the pipeline"),
        ({"a": {"component": prepare(), "inputs": {"raw": RAW, "more": 1}}}, "the component has no input 'more'"),
        ({"a": {"component": prepare(), "inputs": {"raw": 1}}}, "data of type uri_file, and is given the value '1'"),
        (
            {"a": {"component": prepare(), "inputs": {"raw": RAW, "rate": RAW}}},
            "input 'rate' is a value of type number, and is given the data '/project/raw.csv'",
        ),
        ({"a": {"component": prepare(), "inputs": {"raw": RAW, "rate": "high"}}}, "'high' is not of type number"),
        ({"a": inline(compute=RAW)}, "compute: '${{parent.inputs.raw}}' is not a value"),
        ({}, "it has no steps"),
    ],
    ids=[
        "required input", "input of the pipeline", "step", "output of a step", "old binding", "no binding",
        "output as input",
        "output of the pipeline", "input as output", "unknown input", "value for data", "data for value", "wrong type",
        "compute", "no steps",
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_the_step(jobs: dict[str, Any], problem: str) -> None:
    with pytest.raises(PipelineError, match="creating the pipeline job") as caught:
        read(jobs)

    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


@pytest.mark.parametrize("step_type", ["spark", "import", "do_while"])
def test_types_that_do_not_run_here_are_refused_all_at_once(step_type: str) -> None:
    with pytest.raises(PipelineError, match="nothing was started") as caught:
        read(
            {
                "a": {"type": step_type},
                "b": {"component": {"type": step_type}},
                "c": inline(inputs={"x": "${{parent.jobs.a.outputs.any}}"}),
            }
        )

    assert [problem.partition(f" type '{step_type}': ")[0] for problem in caught.value.problems] == [
        "step 'a':",
        "step 'b':",
    ]


def test_steps_that_wait_for_each_other_are_named() -> None:
    with pytest.raises(PipelineError, match=r"steps wait for each other: 'a' -> 'b' -> 'a'|'b' -> 'a' -> 'b'"):
        read(
            {
                "a": inline(inputs={"x": "${{parent.jobs.b.outputs.o}}"}, outputs={"o": {"type": "uri_folder"}}),
                "b": inline(inputs={"x": "${{parent.jobs.a.outputs.o}}"}, outputs={"o": {"type": "uri_folder"}}),
            }
        )


def test_a_component_that_does_not_exist_is_a_problem_of_its_step() -> None:
    def find(reference: str) -> dict[str, Any]:
        raise StepError(f"no component '{reference}'")

    with pytest.raises(PipelineError, match="step 'a': no component 'azureml:x:1'"):
        read_pipeline(pipeline({"a": {"component": "azureml:x:1"}}), find)


def test_values_outside_of_what_a_component_allows_are_reported_together() -> None:
    limits = {
        "depth": {"type": "integer", "min": 1, "max": 10},
        "rate": {"type": "number", "min": 0.5, "default": 0.25},
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "level": {"type": "integer", "enum": [1, 2]},
    }
    component = prepare(inputs=limits, command="true")
    nested = {
        "type": "pipeline",
        "inputs": {"depth": {"type": "integer", "max": 50}},
        "jobs": {
            "inner": {
                "component": component,
                "inputs": {"depth": "${{parent.inputs.depth}}", "mood": "Good", "level": 2, "rate": 1},
            }
        },
    }

    with pytest.raises(PipelineError) as caught:
        read(
            {
                "a": {
                    "component": component,
                    "inputs": {"depth": "${{parent.inputs.rate}}", "mood": "ugly", "level": 3},
                },
                "n": {"component": nested, "inputs": {"depth": 99}},
            }
        )

    assert [line.strip(" -") for line in str(caught.value).splitlines()[1:]] == [
        "step 'a': input 'rate': '0.25' is less than 0.5, the minimum of the component",
        "step 'a': input 'mood': 'ugly' is not one of good, bad",
        "step 'a': input 'level': '3' is not one of 1, 2",
        "step 'n': input 'depth': '99' is greater than 50, the maximum of the component",
        "step 'n.inner': input 'depth': '99' is greater than 10, the maximum of the component",
    ]
