"""Files in Azure's YAML, checked by Azure's own package in a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.host import package_folders
from mlw.azure_files import checking
from mlw.azure_files.azure_file_errors import AzureFileError
from mlw.azure_files.loading import load

PIPELINE = """\
type: pipeline
inputs:
  rate: 0.2
jobs:
  train:
    component: ./train.yml
    inputs: {rate: "${{parent.inputs.rate}}"}
  score:
    command: ls ${{inputs.model}}
    environment: azureml:base@latest
    inputs: {model: "${{parent.jobs.train.outputs.model}}"}
"""
COMPONENT = """\
name: train
type: command
command: python train.py ${{inputs.rate}} ${{outputs.model}}
code: .
environment: {image: "python:3.11"}
inputs: {rate: {type: number}}
outputs: {model: {type: uri_folder}}
"""


PROBE = """\
import runpy, sys
sys.argv = ["program", "{packages}"]
try:
    runpy.run_path("{program}", run_name="__main__")
except SystemExit:
    print(*(name for name, module in sys.modules.items() if getattr(module, "__file__", None)), file=sys.stderr)
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline in a folder of its own, so that nobody has checked it before."""
    (tmp_path / "train.yml").write_text(COMPONENT, encoding="utf-8")
    path = tmp_path / "pipeline.yml"
    path.write_text(PIPELINE, encoding="utf-8")
    return path


def test_a_pipeline_is_checked_once_and_then_known(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load("job", pipeline)
    monkeypatch.setattr(checking, "SECONDS", 0)  # no check can end in time
    again = load("job", pipeline)

    assert again == first
    assert first["jobs"]["train"]["component"]["outputs"] == {"model": {"type": "uri_folder"}}


def test_a_change_in_a_component_is_checked_again(pipeline: Path) -> None:
    load("job", pipeline)
    component = pipeline.with_name("train.yml")
    component.write_text(COMPONENT.replace("type: number", "type: numbr"), encoding="utf-8")

    with pytest.raises(AzureFileError, match="'numbr'"):
        load("job", pipeline)


def test_mistakes_are_all_said_with_their_lines(pipeline: Path) -> None:
    pipeline.write_text(
        PIPELINE.replace("command: ls", "comand: ls") + "settings: {force_rerun: maybe}\n", encoding="utf-8"
    )

    with pytest.raises(AzureFileError) as raised:
        load("job", pipeline)

    assert f"{pipeline}:12: settings.force_rerun: Not a valid boolean." in str(raised.value)


def test_an_input_that_no_step_gives_is_found(pipeline: Path) -> None:
    pipeline.write_text(PIPELINE.replace('    inputs: {rate: "${{parent.inputs.rate}}"}\n', ""), encoding="utf-8")

    with pytest.raises(AzureFileError, match=r"jobs\.train\.inputs\.rate: Required input 'rate' .* not provided"):
        load("job", pipeline)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("component", COMPONENT),
        ("environment", "name: base\nimage: python:3.11\nconda_file: {dependencies: [python=3.11]}\n"),
        ("model", "name: churn\npath: .\ntype: custom_model\n"),
    ],
    ids=["component", "environment", "model"],
)
def test_files_of_other_kinds_are_read(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / "file.yml"
    path.write_text(content, encoding="utf-8")

    assert load(kind, path)["name"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("data", "name: iris\nversion: 1\npath: azureml://datastores/workspaceblobstore/paths/a/\n"),
        ("compute", "name: cpu\ntype: amlcompute\nsize: STANDARD_DS3_V2\nmax_instances: 2\n"),
    ],
    ids=["data", "compute"],
)
def test_unknown_keys_are_found(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / "file.yml"
    path.write_text(content + "bogus: 1\n", encoding="utf-8")

    with pytest.raises(AzureFileError, match=r"bogus: Unknown field\.$"):
        load(kind, path)


def test_the_clients_of_azure_and_our_own_packages_are_not_loaded(tmp_path: Path) -> None:
    given = json.dumps({"kind": "data", "path": "x", "document": {"name": "a", "path": "."}})
    probe = tmp_path / "probe.py"
    probe.write_text(
        PROBE.format(packages=package_folders.AZURE_ML.ensure(), program=checking.PROGRAM), encoding="utf-8"
    )

    command = [sys.executable, "-I", "-S", str(probe)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)

    loaded = done.stderr.split()
    forbidden = ("azure.ai.ml.operations", "azure.identity", "azure.monitor", "azure.storage", "infra", "mlw", "msal")
    assert [one for one in loaded if one.startswith(forbidden)] == []
    assert "azure.ai.ml.entities" in loaded


MONITOR = """\
name: prices
trigger: {type: recurrence, frequency: day, interval: 1}
create_monitor:
  compute: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
  monitoring_target: {ml_task: regression, endpoint_deployment_id: azureml:prices:blue}
  monitoring_signals:
    drift:
      type: data_drift
      reference_data: {input_data: {path: "azureml:houses:1", type: mltable}, data_context: training}
      metric_thresholds: {numerical: {METRIC: 0.1}}
"""


def test_a_monitor_is_checked_and_of_a_wrong_metric_only_the_metric_is_named(tmp_path: Path) -> None:
    file = tmp_path / "monitor.yml"
    file.write_text(MONITOR.replace("METRIC", "population_stability_index"), encoding="utf-8")
    found = load("schedule", file)
    file.write_text(MONITOR.replace("METRIC", "euclidean_distance"), encoding="utf-8")

    assert found["create_monitor"]["monitoring_signals"]["drift"]["type"] == "data_drift"
    key = "create_monitor.monitoring_signals.drift.metric_thresholds.numerical.euclidean_distance"
    with pytest.raises(AzureFileError, match=rf"monitor\.yml:10: {re.escape(key)}: Unknown field\.$"):
        load("schedule", file)
