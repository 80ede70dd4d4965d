"""Files in Azure's YAML in one form: other files inlined, paths absolute, types named, everything wrong at once."""

from pathlib import Path
from typing import Any

import pytest

from mlw.azure_files.azure_file_errors import AzureFileError, NotRunnableHereError
from mlw.azure_files.loading import load
from tests.unit.mlw.azure_files.conftest import Write

COMMAND = """\
$schema: https://example.org/commandJob.schema.json
command: python train.py ${{inputs.data}}
code: ../src
environment:
  image: python
  conda_file: conda.yml
inputs:
  data:
    path: ../data/a.csv
    type: uri_file
  depth: 3
  far: {path: "https://example.org/a.csv"}
  asset: {path: "azureml:iris:1", type: uri_file}
outputs:
  model: {}
  report:
compute: azureml:cpu
"""


@pytest.fixture
def job(write: Write) -> Path:
    write("src/train.py")
    write("data/a.csv")
    write("jobs/conda.yml", "dependencies: [python=3.11]\n")
    return write("jobs/job.yml", COMMAND)


def test_paths_are_absolute_and_files_inlined(job: Path) -> None:
    found, files = load("job", job), job.parents[1]

    assert found == {
        "type": "command",
        "command": "python train.py ${{inputs.data}}",
        "code": str(files / "src"),
        "environment": {"image": "python", "conda_file": {"dependencies": ["python=3.11"]}},
        "inputs": {
            "data": {"path": str(files / "data" / "a.csv"), "type": "uri_file"},
            "depth": 3,
            "far": {"path": "https://example.org/a.csv", "type": "uri_folder"},
            "asset": {"path": "azureml:iris:1", "type": "uri_file"},
        },
        "outputs": {"model": {"type": "uri_folder"}, "report": {"type": "uri_folder"}},
        "compute": "cpu",
    }


def test_the_task_of_a_parallel_component_is_relative_to_its_file(write: Write) -> None:
    write("parts/src/score.py")
    write("parts/conda.yml", "dependencies: [python=3.11]\n")
    write(
        "parts/score.yml",
        "name: score\ntype: parallel\ninputs: {data: {type: uri_folder}}\ninput_data: ${{inputs.data}}\n"
        "task: {type: run_function, code: ./src, entry_script: score.py, environment: "
        "{image: python, conda_file: ./conda.yml}}\n",
    )
    path = write("pipeline.yml", "type: pipeline\njobs:\n  a: {type: parallel, component: ./parts/score.yml}\n")

    task = load("job", path)["jobs"]["a"]["component"]["task"]

    assert task["code"] == str(path.parent / "parts" / "src")
    assert task["environment"]["conda_file"] == {"dependencies": ["python=3.11"]}


def test_tables_of_automl_are_inputs(write: Write) -> None:
    write("table/MLTable")
    path = write(
        "job.yml",
        "type: automl\ntask: regression\ntarget_column_name: y\ntraining_data: {path: ./table}\n"
        "test_data: {path: 'azureml:t:1', type: mltable}\n",
    )

    found = load("job", path)

    assert found["training_data"] == {"path": str(path.parent / "table"), "type": "mltable"}
    assert found["test_data"] == {"path": "azureml:t:1", "type": "mltable"}


def test_components_in_files_are_relative_to_their_own_files(write: Write) -> None:
    write("parts/src/train.py")
    write("parts/env.yml", "name: e\nbuild: {path: src}\n")
    write(
        "parts/train.yml",
        "name: train\ncode: ./src\nenvironment: file:env.yml\ncommand: x\ninputs: {a: {type: number}}",
    )
    inner = "type: pipeline\njobs:\n  one: {component: train.yml, inputs: {a: '${{parent.inputs.a}}'}}\n"
    write("parts/inner.yml", inner)
    steps = (
        "  first: {component: file:parts/train.yml}\n  nested: {component: parts/inner.yml}\n"
        "  known: {component: 'azureml:train:3'}\n  inline: {command: ls, environment: azureml:e@latest}\n"
    )
    path = write("pipeline.yml", f"settings: {{default_compute: 'azureml:cpu', force_rerun: true}}\njobs:\n{steps}")

    found: dict[str, Any] = load("job", path)

    train = {
        "type": "command",
        "name": "train",
        "code": str(path.parent / "parts" / "src"),
        "environment": {"name": "e", "build": {"path": str(path.parent / "parts" / "src")}},
        "command": "x",
        "inputs": {"a": {"type": "number"}},
    }
    assert (found["type"], found["settings"]) == ("pipeline", {"default_compute": "cpu", "force_rerun": True})
    assert found["jobs"]["first"] == {"type": "command", "component": train}
    assert found["jobs"]["nested"]["type"] == "pipeline"
    assert found["jobs"]["nested"]["component"]["jobs"]["one"]["component"] == train
    assert found["jobs"]["known"] == {"component": "azureml:train:3"}
    assert found["jobs"]["inline"] == {"type": "command", "command": "ls", "environment": "azureml:e@latest"}


def test_what_a_component_or_a_binding_declares_gets_no_type(write: Write) -> None:
    write("data/a.csv")
    write("c.yml", "command: x\ninputs: {a: {type: uri_file}}\noutputs: {o: {type: uri_file}}\n")
    path = write(
        "job.yml",
        "outputs: {all: , there: {path: 'azureml://datastores/d/paths/${{name}}'}}\n"
        "jobs:\n"
        "  a: {component: c.yml, inputs: {a: {path: data/a.csv}}, outputs: {o: }}\n"
        "  b:\n"
        "    command: x\n"
        "    inputs: {a: {path: 'azureml://datastores/d/paths/${{name}}'}}\n"
        "    outputs: {o: , p: '${{parent.outputs.all}}'}\n",
    )

    found = load("job", path)

    assert found["outputs"] == {"all": {}, "there": {"path": "azureml://datastores/d/paths/${{name}}"}}
    assert (found["jobs"]["a"]["inputs"], found["jobs"]["a"]["outputs"]) == (
        {"a": {"path": str(path.parent / "data" / "a.csv")}},
        {"o": {}},
    )
    assert found["jobs"]["b"]["inputs"]["a"]["type"] == "uri_folder"
    assert found["jobs"]["b"]["outputs"] == {"o": {"type": "uri_folder"}, "p": "${{parent.outputs.all}}"}


def test_set_and_name_change_what_the_file_says(job: Path) -> None:
    changes = ["inputs.depth=7", "tags.team=blue", "inputs.data.path=../src/train.py", "description="]

    found = load("job", job, changes, name="mine")

    assert (found["name"], found["inputs"]["depth"], found["tags"]) == ("mine", 7, {"team": "blue"})
    assert (found["inputs"]["data"]["path"], found["description"]) == (str(job.parents[1] / "src" / "train.py"), "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("depth", "--set 'depth' is not KEY=VALUE"),
        ("command.x=1", "'command' is 'python train.py ${{inputs.data}}', which has no keys. Set 'command' as a whole"),
        ("list[3]=1", "there is no list with an entry [3]"),
        ("more[1]=1", "there is no list with an entry [1]"),
    ],
    ids=["no value", "through text", "no list", "after its end"],
)
def test_a_change_that_leads_nowhere_is_an_error(job: Path, change: str, message: str) -> None:
    job.write_text(f"{COMMAND}more: [a]\n")

    with pytest.raises(AzureFileError) as raised:
        load("job", job, [change])

    assert message in str(raised.value)


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(job: Path) -> None:
    expected = load("job", job)

    job.write_bytes(b"\xef\xbb\xbf" + COMMAND.replace("\n", "\r\n").encode())

    assert load("job", job) == expected


def test_everything_missing_is_said_at_once_with_file_and_line(write: Write) -> None:
    write("train.yml", "command: x\ncode: ./none\n")
    path = write("job.yml", "jobs:\n  a:\n    component: ./train.yml\n  b:\n    component: other.yml\n")

    with pytest.raises(AzureFileError) as raised:
        load("job", path)

    first, second = (line.strip() for line in str(raised.value).splitlines()[1:])
    assert first.startswith(f"{path.parent / 'train.yml'}:2: './none' does not exist (looked for '{path.parent}/none')")
    assert second.startswith(f"{path}:5: 'other.yml' does not exist")


def test_what_azure_finds_is_said_with_the_line(job: Path, found: list[tuple[str, str]]) -> None:
    found += [("inputs.depth", "Not a valid number."), ("command.nothing", "Unknown field"), ("", "Odd.")]

    with pytest.raises(AzureFileError) as raised:
        load("job", job)

    assert [line.strip() for line in str(raised.value).splitlines()] == [
        f"reading job file '{job}': 3 problems.",
        f"{job}:11: inputs.depth: Not a valid number.",
        f"{job}:2: command.nothing: Unknown field.",
        f"{job}: Odd.",
    ]


def test_what_azure_finds_in_another_file_is_said_with_the_line_there(
    write: Write, found: list[tuple[str, str]]
) -> None:
    component = write("c.yml", "command: x\ninputs:\n  a: {type: numbr}\n")
    path = write("job.yml", "jobs:\n  train:\n    component: c.yml\n  trainer: {command: x}\n")
    found += [
        ("jobs.train.component.inputs.a.type", "No."),
        ("jobs.train.component", "Odd."),
        ("jobs.trainer.x", "Odd."),
    ]

    with pytest.raises(AzureFileError) as raised:
        load("job", path)

    assert [line.strip() for line in str(raised.value).splitlines()[1:]] == [
        f"{component}:3: inputs.a.type: No.",
        f"{component}: Odd.",
        f"{path}:4: jobs.trainer.x: Odd.",
    ]


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("job", "type: spark\ncode: .\n", "type 'spark': Spark jobs need a Spark cluster"),
        (
            "job",
            "jobs:\n  a:\n    type: finetuning\n",
            ":3: type 'finetuning': fine-tuning jobs run on models",
        ),
        ("component", "type: finetuning\n", "type 'finetuning': fine-tuning jobs run on models"),
        (
            "job",
            "jobs:\n  a: {component: 'azureml://registries/r/components/c/versions/1'}\n",
            "registries are a service",
        ),
        ("job", "inputs: {a: {path: 'azureml://registries/r/data/d/versions/1'}}\n", "registries are a service"),
        ("job", "type: pipeline\nschedule: {type: cron}\njobs: {}\n", ":2: schedule: the file of a job has none"),
    ],
    ids=["spark", "step", "component", "component of a registry", "data of a registry", "schedule in a job"],
)
def test_what_cannot_run_here_is_said_with_the_reason(write: Write, kind: str, content: str, message: str) -> None:
    with pytest.raises(NotRunnableHereError) as raised:
        load(kind, write("file.yml", content))

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [1", "is not YAML"), ("- 1\n", "is not a mapping"), ("a: \ttab\n\tb: 1", "is not YAML")],
    ids=["unfinished", "list", "tabs"],
)
def test_a_file_that_is_no_mapping_is_an_error(write: Write, content: str, message: str) -> None:
    with pytest.raises(AzureFileError, match=message):
        load("job", write("job.yml", content))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AzureFileError, match=r"none.yml' cannot be read \(No such file or directory\)"):
        load("job", tmp_path / "none.yml")


def test_files_that_refer_to_each_other_end(write: Write) -> None:
    path = write("a.yml", "type: pipeline\njobs:\n  again: {component: a.yml}\n")

    with pytest.raises(AzureFileError, match="files refer to each other in a circle"):
        load("component", path)


def test_data_environments_and_computes_have_their_own_form(write: Write) -> None:
    write("d/a.csv")
    data = write("data.yml", "name: iris\nversion: 2024-01-01\npath: ./d\ntype: uri_folder\n")
    far = write("far.yml", "name: iris\npath: azureml://datastores/workspaceblobstore/paths/a b/\n")
    compute = write("compute.yml", "$schema: x\nname: cpu\ntype: amlcompute\nmin_instances: 0\n")

    assert load("data", data) == {
        "name": "iris",
        "version": "2024-01-01",
        "path": str(data.parent / "d"),
        "type": "uri_folder",
    }
    assert load("data", far)["path"] == "azureml://datastores/workspaceblobstore/paths/a b/"
    assert load("compute", compute) == {"name": "cpu", "type": "amlcompute", "min_instances": 0}
