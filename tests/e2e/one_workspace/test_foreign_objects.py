"""An object that someone else created under a name the stack needs is neither adopted nor removed; the update fails."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docker import DockerClient

from infra import service_images
from tests.support.engine import remove_objects
from tests.support.environment import Environment, copy_project, make_environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import assert_unsealed

RUN = "tests.foreign"


@pytest.fixture(scope="module")
def stack(environment: Environment) -> Iterator[Stack]:
    """A stack that never starts, because its names are taken."""
    with ephemeral_stack(environment) as stack:
        yield stack


def wanted_name(stack: Stack, kind: str) -> str:
    """Return the name that the stack would give its first object of a kind."""
    names = [step.inputs["name"] for step in stack.preview().check().steps if step.resource_type.endswith(f":{kind}")]
    return str(sorted(names)[0])


@contextmanager
def foreign_object(engine: DockerClient, kind: str, name: str) -> Iterator[Inventory]:
    """Create a container, volume or network of that name that is not the stack's; remove it at the end."""
    labels = {RUN: name}
    if kind == "Container":
        engine.api.create_container(service_images.table()["vault"].image, name=name, labels=labels)
    elif kind == "Volume":
        engine.api.create_volume(name, labels=labels)
    else:
        engine.api.create_network(name, labels=labels)
    objects = take_inventory(engine, labels=labels)
    try:
        yield objects
    finally:
        remove_objects(engine, objects)


@pytest.mark.parametrize("kind", ["Container", "Volume", "Network"])
@pytest.mark.fault("a foreign object has a name that the stack needs", "it is left alone, and the run fails")
def test_foreign_object_with_a_needed_name_is_left_alone(stack: Stack, engine: DockerClient, kind: str) -> None:
    name = wanted_name(stack, kind)

    with foreign_object(engine, kind, name) as foreign:
        finished = stack.pulumi("up", "--yes", "--skip-preview")

        assert_refused(finished, f"{kind.lower()} '{name}'")
        assert take_inventory(engine, labels={RUN: name}) == foreign
        assert not stack.objects()

        stack.destroy().check()
        assert take_inventory(engine, labels={RUN: name}) == foreign


@pytest.mark.fault("a stack of the same name runs under another backend", "it is left alone, and the run fails")
def test_stack_of_the_same_name_in_another_backend_is_foreign(live: LiveStack, tmp_path: Path) -> None:
    other = make_environment(copy_project(tmp_path / "project"), tmp_path / "home")
    twin = dataclasses.replace(live.stack, environment=other)
    before = live.stack.objects()
    twin.configure()
    twin.init()

    finished = twin.pulumi("up", "--yes", "--skip-preview")
    twin.destroy().check()

    assert_refused(finished, live.name_of("storageAccount"))
    assert live.stack.objects() == before
    assert_unsealed(live.outputs)
    assert_unchanged(live.stack.preview())
