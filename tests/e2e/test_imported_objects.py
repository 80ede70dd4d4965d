"""Resources imported into a stack's state or removed from it by hand: no object is lost.

One stack for each, since each case destroys its stack.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from docker import DockerClient

from infra import service_images
from tests.support.engine import assert_nothing_left, remove_objects
from tests.support.environment import Environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.journal import Journal
from tests.support.processes import Finished, run
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

THEIRS = "tests.imported"
TYPES = {
    "volume": "docker:index/volume:Volume",
    "network": "docker:index/network:Network",
    "container": "docker:index/container:Container",
}


@pytest.fixture
def stack(environment: Environment) -> Iterator[Stack]:
    """A running stack."""
    with ephemeral_stack(environment) as stack:
        stack.lifecycle("up").check()
        yield stack


@contextmanager
def foreign_objects(engine: DockerClient, name: str) -> Iterator[tuple[Inventory, dict[str, str]]]:
    """Create a foreign volume, network and container, and return their ids; remove them at the end."""
    labels = {THEIRS: name}
    try:
        engine.api.create_volume(name, labels=labels)
        network = engine.api.create_network(name, labels=labels)["Id"]
        image = service_images.table()["vault"].image
        container = engine.api.create_container(image, name=name, labels=labels)["Id"]
        yield take_inventory(engine, labels=labels), {"volume": name, "network": network, "container": container}
    finally:
        remove_objects(engine, take_inventory(engine, labels=labels))


def assert_named(finished: Finished, name: str) -> None:
    """Fail unless the output names the imported objects and reports nothing as deleted."""
    for kind in TYPES:
        assert f"{kind} '{name}'" in finished.output
    assert "pulumi state delete" in finished.output
    assert "gone" not in finished.output
    assert "Traceback" not in finished.output
    assert "ValueError" not in finished.output


@pytest.mark.fault("foreign objects are imported into the state", "they are named and survive every command")
def test_imported_objects_are_named_and_survive_every_command(stack: Stack, engine: DockerClient, marker: str) -> None:
    with foreign_objects(engine, marker) as (theirs, ids):
        for kind, identity in ids.items():
            # Volumes are what an update would delete; the others have what is Pulumi's default.
            protection = "--protect=false" if kind == "volume" else "--protect=true"
            stack.pulumi(f"import {TYPES[kind]} theirs {identity}", "--yes", protection)

        brought_up = stack.lifecycle("up").check()
        status = stack.lifecycle("status").check()
        diagnosed = stack.environment.mlw("diagnose", stack.name)
        down = stack.lifecycle("down").check()

        for finished in (brought_up, status, diagnosed):
            assert_named(finished, marker)
        assert f"does not belong to the workspace: volume '{marker}'" in down.output
        assert take_inventory(engine, labels={THEIRS: marker}) == theirs
        assert_nothing_left(engine, stack=stack.name)
        assert stack.files_in_backend() == []


@pytest.mark.fault("resources are removed from the state by hand", "no data is lost, and the repair is shown")
def test_resources_removed_from_the_state_by_hand_lose_nothing(stack: Stack, marker: str) -> None:
    journal = Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).write()
    volume = next(urn for urn in stack.urns() if urn.endswith("-vault-data"))
    stack.pulumi("state delete", volume, "--force", "--yes", "--target-dependents").check()

    stack.lifecycle("up").check()
    journal.verify_secret()
    stack.pulumi("state delete", "--all", "--force", "--yes").check()
    refused = stack.lifecycle("up")
    command = re.search(r"`(cp [^`]+)`", refused.output)
    assert command, refused.output
    run(shlex.split(command[1]), cwd=stack.environment.project, env=stack.environment.variables).check()

    assert refused.exit_code != 0
    stack.lifecycle("up").check()
    assert_unchanged(stack.preview())
    journal.verify()
