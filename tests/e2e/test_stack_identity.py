"""Ownership of objects: a stack keeps its data under other spellings, names and folders.

One workspace with data; every test leaves it unchanged, and proves it with the data.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra import services
from tests.support.environment import Environment, make_environment
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged, read_update
from tests.support.vault import read_secret, write_secret

BUCKET, KEY, PATH = "azureml", "kept", "kept"
DATA_BEARING = ("VolumeGuard", "VaultInitialization", "WorkspaceIdentity", "StackIdentity")
RECREATED = ("docker:index/volume:Volume", "docker:index/container:Container", "docker:index/network:Network")


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with an object and a secret."""
    with ephemeral_stack(environment) as stack:
        stack.up().check()
        live = LiveStack(stack=stack, outputs=stack.outputs())
        s3_client(live.outputs).put_object(Bucket=BUCKET, Key=KEY, Body=b"data")
        write_secret(live.outputs, PATH, {"value": "data"})
        yield live


def assert_data(stack: Stack) -> None:
    """Fail unless the object and the secret can be read with the stack's current outputs."""
    assert_readable(stack.outputs())


def assert_readable(outputs: Mapping[str, Any]) -> None:
    """Fail unless the object and the secret can be read with these outputs."""
    assert s3_client(outputs).get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"data"
    assert read_secret(outputs, PATH) == {"value": "data"}


def resources(stack: Stack) -> list[dict[str, Any]]:
    """The resources in the state."""
    held: list[dict[str, Any]] = json.loads(stack.state_file.read_text())["checkpoint"]["latest"]["resources"]
    return held


def urns(stack: Stack, ending: str) -> list[str]:
    """The resources whose type ends so."""
    found = [resource["urn"] for resource in resources(stack) if resource["type"].endswith(ending)]
    assert found, ending
    return found


def elsewhere(stack: Stack, backend: str) -> Stack:
    """The same stack by another address of its backend."""
    variables = {**stack.environment.variables, "PULUMI_BACKEND_URL": backend}
    return replace(stack, environment=replace(stack.environment, variables=variables))


def test_another_spelling_of_the_backend_changes_nothing(live: LiveStack, tmp_path: Path) -> None:
    address = live.stack.environment.variables["PULUMI_BACKEND_URL"]
    link = tmp_path / "link"
    link.symlink_to(address.removeprefix("file://"))
    before = live.stack.objects()

    assert_unchanged(elsewhere(live.stack, f"{address}/").up())
    finished = elsewhere(live.stack, f"file://{link}").lifecycle("up").check()
    assert "no changes" in finished.output.lower()

    assert live.stack.objects() == before
    assert_data(live.stack)


def test_what_holds_data_is_neither_replaced_nor_destroyed_on_demand(live: LiveStack) -> None:
    """After each refusal everything is as it was; one `up` after all of them succeeds, and finds the data."""
    keys = [resource["urn"] for resource in resources(live.stack) if (resource.get("inputs") or {}).get("data_of")]
    assert len(keys) == 1
    replaced = {urns(live.stack, f":{kind}")[0]: "Nothing was removed" for kind in DATA_BEARING}
    before = live.stack.objects()

    for urn, told in {**replaced, keys[0]: "its encryption key would be lost"}.items():
        refused = live.stack.pulumi("up", "--yes", "--skip-preview", f"--replace={urn}")

        assert refused.exit_code != 0, f"{urn} was replaced:\n{refused.output}"
        assert told in refused.output, urn
        assert live.stack.objects() == before, urn
        assert_readable(live.outputs)

    guard = urns(live.stack, ":VolumeGuard")[0]
    destroyed = live.stack.pulumi("destroy", "--yes", "--skip-preview", f"--target={guard}", "--target-dependents")

    assert destroyed.exit_code != 0
    live.stack.up().check()
    assert_data(live.stack)


@pytest.mark.parametrize("type_token", RECREATED)
def test_recreated_resources_find_their_data(live: LiveStack, type_token: str) -> None:
    flags = [f"--replace={urn}" for urn in urns(live.stack, type_token)]

    read_update(live.stack.pulumi("up", "--yes", "--skip-preview", "--json", *flags)).check()

    assert_data(live.stack)


def test_a_namesake_in_another_home_names_the_owner_and_takes_nothing(
    live: LiveStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_environment(live.stack.environment.project, tmp_path_factory.mktemp("other-home"))
    namesake = replace(live.stack, environment=other)
    before = live.stack.objects()

    down, up = namesake.lifecycle("down"), namesake.lifecycle("up")
    namesake.lifecycle("down")

    assert down.exit_code != 0
    assert f"stack '{live.stack.name}' of" in down.output
    assert live.stack.environment.variables["PULUMI_BACKEND_URL"] in down.output
    assert "Nothing was removed" in down.output
    assert up.exit_code != 0
    assert "do not belong to this stack" in up.output
    assert "ml-workspace:instance" in up.output
    assert live.stack.objects() == before
    assert_data(live.stack)


def test_a_renamed_stack_keeps_its_objects_and_its_data(live: LiveStack) -> None:
    renamed = replace(live.stack, name=f"{live.stack.name}-renamed")
    before = live.stack.objects()

    live.stack.pulumi(f"stack rename {renamed.name}").check()
    try:
        renamed.configure()
        assert renamed.lifecycle("up").exit_code == 0
        assert live.stack.objects() == before
        assert_data(renamed)
        under_its_old_name = live.stack.lifecycle("down").check()
        left = f"{len(services.REQUIRED)} containers"
        assert f"Not removed, because it belongs to another stack of this name: {left}" in under_its_old_name.output
        assert live.stack.objects() == before
        listed = json.loads(renamed.environment.mlw("list", "--json").check().stdout)
        assert [entry["containers"] for entry in listed if entry["stack"] == renamed.name] == [
            {"running": 5, "expected": 5}
        ]
    finally:
        renamed.pulumi(f"stack rename {live.stack.name}").check()
        renamed.lifecycle("down")
        (renamed.environment.stack_folder / f"Pulumi.{renamed.name}.yaml").unlink(missing_ok=True)
    live.stack.configure()
    assert_data(live.stack)
