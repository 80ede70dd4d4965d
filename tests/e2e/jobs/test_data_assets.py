"""Data assets and components: the commands by role, and what the storage account refuses, whatever the client."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.object_store import s3_client
from tests.support.principals import person
from tests.support.stacks import LiveStack

DATA = """$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json
name: {name}
path: ./my data
type: uri_folder
description: measured
"""
COMPONENT = """$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: {name}
type: command
command: python train.py ${{{{inputs.rate}}}}
code: ./src
environment: azureml:base@latest
inputs: {{rate: {{type: number, default: 0.1}}}}
"""


def test_a_data_scientist_registers_data_and_a_reader_only_reads(
    mlw: Mlw, project: Path, jobs_stack: LiveStack, marker: str
) -> None:
    file = project / "data.yml"
    file.write_text(DATA.format(name=marker), encoding="utf-8")

    made = data_of(mlw("data", "create", "--file", str(file), principal="data-scientist"))
    refused = mlw("data", "create", "--name", marker, "--path", "https://example.org/a", principal="reader")
    listed = data_of(mlw("data", "list", "--name", marker, "-o", "json", principal="reader"))

    blob = made["path"].removeprefix("azureml://datastores/workspaceblobstore/paths/") + "sub/übung.csv"
    container = next(
        one["container"] for one in jobs_stack.outputs["datastores"] if one["name"] == "workspaceblobstore"
    )
    stored = s3_client(jobs_stack.outputs).get_object(Bucket=container, Key=blob)["Body"].read()
    assert (made["version"], made["createdBy"], stored) == ("1", "data-scientist", b"1,2\n")
    assert [one["version"] for one in listed] == ["1"]
    assert (refused.exit_code, "the role does not allow it" in refused.stderr) == (1, True), refused.output


def test_versions_are_deleted_softly_and_come_back(mlw: Mlw, marker: str) -> None:
    path = "azureml://datastores/workspaceblobstore/paths/later/"
    for _ in range(2):
        mlw("data", "create", "--name", marker, "--path", path, principal="curator").check()
    mlw("data", "delete", "--name", marker, "--version", "2", "--yes", principal="curator").check()
    missing = mlw("data", "show", "--name", marker, "--version", "2")
    next_one = data_of(mlw("data", "create", "--name", marker, "--path", path))
    refused = mlw("data", "delete", "--name", marker, "--version", "1", "--yes", principal="reader")
    mlw("data", "restore", "--name", marker, "--version", "2").check()

    found = data_of(mlw("data", "list", "--name", marker, "-o", "json", "--query", "[].version"))
    assert "it was deleted. `mlw data restore` brings it back" in missing.stderr
    assert (next_one["version"], found) == ("3", ["3", "2", "1"])
    assert f"deleting version '1' of data '{marker}': the role does not allow it" in refused.stderr


def test_rights_on_data_are_the_storage_accounts(jobs_stack: LiveStack, marker: str) -> None:
    keys = {name: person(jobs_stack.outputs, name).held for name in ("curator", "reader")}
    clients = {
        name: s3_client(
            jobs_stack.outputs, accessKey=str(held["storageAccessKey"]), secretKey=str(held["storageSecretKey"])
        )
        for name, held in keys.items()
    }
    record = json.dumps({"name": marker}).encode()

    clients["curator"].put_object(Bucket="azureml", Key=f"assets/data/{marker}/1.json", Body=record)
    for who, key in (("reader", f"assets/data/{marker}/2.json"), ("curator", f"assets/component/{marker}/1.json")):
        with pytest.raises(ClientError, match="AccessDenied"):
            clients[who].put_object(Bucket="azureml", Key=key, Body=record)
    clients["curator"].delete_object(Bucket="azureml", Key=f"assets/data/{marker}/1.json")


def test_a_component_is_registered_with_its_code(mlw: Mlw, project: Path, marker: str) -> None:
    file = project / "train.yml"
    file.write_text(COMPONENT.format(name=marker), encoding="utf-8")

    made = data_of(mlw("component", "create", "--file", str(file), principal="data-scientist"))
    same = mlw("component", "create", "--file", str(file), "--version", "1").check()
    (project / "src" / "train.py").write_text("print('changed')\n", encoding="utf-8")
    other = mlw("component", "create", "--file", str(file), "--version", "1")
    refused = mlw("component", "create", "--file", str(file), principal="curator")

    assert (made["version"], len(made["code"])) == ("1", 64)
    assert json.loads(same.stdout)["createdBy"] == "data-scientist"
    assert "Set the version to '2'" in other.stderr
    assert refused.exit_code == 1


def test_mistakes_in_a_file_are_said_with_their_lines(mlw: Mlw, project: Path, marker: str) -> None:
    file = project / "data.yml"
    file.write_text(DATA.format(name=marker) + "colour: red\n", encoding="utf-8")

    found = mlw("data", "create", "--file", str(file))

    assert (found.exit_code, f"{file}:6: colour: Unknown field." in found.stderr) == (1, True), found.output
