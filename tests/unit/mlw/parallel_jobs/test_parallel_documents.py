"""Parallel jobs: from Azure's document to the command that carries them out."""

import shlex
from typing import Any

import pytest

from mlw.job_programs.parallel_run.parallel_settings import Settings
from mlw.jobs.job_errors import JobError
from mlw.parallel_jobs.parallel_documents import command_of
from mlw.pipelines.bindings import StepOutput
from tests.support.pipeline_documents import inline, read

FOLDER = {"type": "uri_folder", "path": "/project/data"}


def _document(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return {
        "type": "parallel",
        "inputs": {"data": FOLDER, "model": FOLDER},
        "outputs": {"rows": {"type": "uri_file"}},
        "input_data": "${{inputs.data}}",
        "task": {
            "type": "run_function",
            "code": "/project/src",
            "entry_script": "score.py",
            "environment": "azureml:sklearn@latest",
            "program_arguments": "--model ${{inputs.model}}\n--flag",
            "append_row_to": "${{outputs.rows}}",
        },
        **over,
    }


def _settings(**over: Any) -> Settings:  # noqa: ANN401 - YAML
    words = shlex.split(command_of(_document(**over))["command"])
    return Settings.of(words[words.index("score.py") + 1])


def test_a_document_becomes_a_command_with_the_code_and_the_environment_of_its_task() -> None:
    found = command_of(_document(resources={"instance_count": 2, "shm_size": "1g"}))

    assert (found["code"], found["environment"], found["program"]) == (
        "/project/src", "azureml:sklearn@latest", "parallel_run"
    )  # fmt: skip
    assert found["command"].endswith("' --model ${{inputs.model}} --flag")
    assert found["resources"] == {"shm_size": "1g"}
    assert found["notices"] == [
        "`resources.instance_count` 2 is 1 here: a job is one container. Its number of processes is "
        "`max_concurrency_per_instance`, 1."
    ]


def test_the_defaults_are_azures() -> None:
    assert _settings() == Settings(
        data="data", append_to="rows", batch_files=1, processes=1, error_threshold=-1, batch_error_threshold=-1,
        retries=2, timeout_seconds=60,
    )  # fmt: skip


def test_what_the_document_sets_reaches_the_program() -> None:
    found = _settings(
        mini_batch_size="10kb", partition_keys=["a"], max_concurrency_per_instance=3, error_threshold=5,
        mini_batch_error_threshold=2, retry_settings={"max_retries": 1, "timeout": 9}, logging_level="DEBUG",
        inputs={"data": {"type": "mltable", "path": "/t"}, "model": FOLDER},
    )  # fmt: skip

    assert found == Settings(
        data="data", is_table=True, append_to="rows", batch_files=0, batch_bytes=10 << 10, partition_keys=("a",),
        processes=3, error_threshold=5, batch_error_threshold=2, retries=1, timeout_seconds=9, is_verbose=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("size", "expected"),
    [("5", (5, 0)), (7, (7, 0)), ("100kb", (0, 102400)), ("1 MB", (0, 1 << 20)), ("2g", (0, 2 << 30)), ("8b", (0, 8))],
    ids=str,
)
def test_a_size_is_a_number_of_files_or_bytes(size: object, expected: tuple[int, int]) -> None:
    found = _settings(mini_batch_size=size)

    assert (found.batch_files, found.batch_bytes) == expected


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"mini_batch_size": "many"}, "`mini_batch_size` is 'many'; write a number of files, or a size like 10kb"),
        (
            {"input_data": "${{inputs.none}}"},
            r"`input_data` is .* write \$\{\{inputs.NAME\}\} with one of: data, model",
        ),
        ({"task": {"type": "run_function"}}, "`task.entry_script` is missing"),
        ({"task": {"type": "model"}}, "task.type 'model' is not supported; allowed: run_function, function"),
        ({"error_threshold": "few"}, "`error_threshold` is 'few'; write a whole number"),
    ],
    ids=["size", "input", "script", "task", "number"],
)
def test_a_wrong_document_is_refused_with_the_key(over: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        command_of(_document(**over))


def test_a_step_reads_the_folder_of_another_step_and_its_component_can_be_changed() -> None:
    component = {
        **_document(retry_settings={"max_retries": 1, "timeout": 7}),
        "inputs": {"data": {"type": "uri_folder"}, "model": {"type": "uri_folder"}},
    }
    data = "${{parent.jobs.first.outputs.folder}}"

    graph = read(
        {
            "first": inline(outputs={"folder": {"type": "uri_folder"}}),
            "inline": _document(inputs={"data": {"path": data, "type": "uri_folder"}, "model": FOLDER}),
            "changed": {
                "type": "parallel", "component": component, "mini_batch_size": "${{parent.inputs.rate}}",
                "resources": {"instance_count": "${{parent.inputs.rate}}"}, "retry_settings": {"max_retries": 5},
                "inputs": {"data": data, "model": FOLDER},
            },
        }
    )  # fmt: skip

    assert graph.steps["inline"].inputs["data"] == StepOutput("first", "folder")
    command = graph.steps["changed"].component.command
    assert [one for one in ('"batch_files": 3', '"retries": 5', '"timeout_seconds": 7') if one not in command] == []
    assert graph.steps["changed"].resources == {}
    assert graph.steps["inline"].component.code == "/project/src"
