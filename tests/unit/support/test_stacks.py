import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import Environment
from tests.support.stacks import Stack


def stack_in(folder: Path) -> Stack:
    (folder / "stacks").mkdir()
    variables = {"PULUMI_BACKEND_URL": f"file://{folder}/home/state"}
    environment = Environment(project=folder, home=folder / "home", variables=variables)
    settings = {"workload": "t1234", "location": "westeurope"}
    return Stack(name="demo", workload="t1234", environment=environment, settings=settings)


def test_change_of_settings_is_written_and_not_remembered(tmp_path: Path) -> None:
    stack, file = stack_in(tmp_path), tmp_path / "stacks" / "Pulumi.demo.yaml"

    stack.configure(location=None, environment="test")
    changed = yaml.safe_load(file.read_text())
    stack.configure()

    assert changed == {"config": {"ml-workspace:workload": "t1234", "ml-workspace:environment": "test"}}
    assert yaml.safe_load(file.read_text()) == {
        "config": {"ml-workspace:workload": "t1234", "ml-workspace:location": "westeurope"}
    }


def test_commands_name_the_stack_and_ask_nothing(tmp_path: Path) -> None:
    command = stack_in(tmp_path).command("stack output", "--json")

    assert command[:5] == ["pulumi", "stack", "output", "--stack", "demo"]
    assert {"--non-interactive", "--json"} <= set(command)


def test_files_of_a_stack_are_distinguished_from_those_of_others(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    other = dataclasses.replace(stack, name="other")
    for one in (stack, other):
        one.state_file.parent.mkdir(parents=True, exist_ok=True)
        one.state_file.write_text("{}")

    assert stack.files_in_backend() == [stack.state_file]


RESOURCE = {"urn": "urn:pulumi:demo::x::docker:index/volume:Volume::v", "type": "docker:index/volume:Volume"}


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        (None, False),
        ({"resources": []}, False),
        ({"resources": [RESOURCE]}, True),
        ({"pending_operations": [{"type": "creating", "resource": RESOURCE}]}, True),
    ],
    ids=["never deployed", "destroyed", "a resource", "an operation that never ended"],
)
def test_a_stack_is_destroyed_only_if_its_state_has_something(tmp_path: Path, latest: Any, expected: bool) -> None:  # noqa: ANN401, FBT001
    stack = stack_in(tmp_path)
    stack.state_file.parent.mkdir(parents=True)
    stack.state_file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))

    assert stack.has_something_to_destroy() is expected


@pytest.mark.parametrize("damage", ["", "{", "{}"])
def test_a_state_that_cannot_be_read_is_destroyed_by_the_cli(tmp_path: Path, damage: str) -> None:
    stack = stack_in(tmp_path)
    stack.state_file.parent.mkdir(parents=True)
    stack.state_file.write_text(damage)

    assert stack.has_something_to_destroy()
