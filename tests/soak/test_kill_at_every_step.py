"""SIGKILL after every single step of `up`, of an update that recreates containers, and of `destroy`.

Acknowledged data is there and equal, the next command needs no operator, and nothing is left at the end. The
fault tier tries a few of these steps each time (``tests/fault/test_killed_runs``).
"""

import itertools
from collections.abc import Callable, Iterator

import pytest
from docker import DockerClient

from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment
from tests.support.journal import Journal
from tests.support.killing import kill_after
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

MOST_STEPS = 500
"""Far above the number of a workspace's resources."""

SERVICES = ("storageAccount", "containerRegistry", "keyVault", "applicationInsights")


@pytest.fixture
def stack(environment: Environment) -> Iterator[Stack]:
    """A stack for one test."""
    with ephemeral_stack(environment) as stack:
        yield stack


@pytest.fixture
def steps(pytestconfig: pytest.Config, within_minutes: Callable[[int], Iterator[int]]) -> Iterator[int]:
    """Count the steps to kill after, from the first on, as long as the test's minutes last."""
    every = int(pytestconfig.getoption("--soak-every"))
    return (1 + index * every for index in within_minutes(MOST_STEPS))


def assert_whole(stack: Stack, journal: Journal) -> None:
    """Fail unless state and engine agree, nothing is left to do, and what was acknowledged is there."""
    assert_unchanged(stack.preview())
    assert stack.objects().names == stack.names_in_state()
    journal.verify()


@pytest.mark.fault(
    "`pulumi up` and `pulumi destroy` are killed after each single step",
    "the next command finishes them, and nothing is left",
)
def test_first_up_and_destroy_killed_after_each_step_are_finished(
    stack: Stack, engine: DockerClient, marker: str, steps: Iterator[int]
) -> None:
    for step in steps:
        reached_up = kill_after(stack, "up", step)
        stack.lifecycle("up").check()
        journal = Journal(stack=stack.name, outputs=stack.outputs(), marker=f"{marker}-{step}").write()
        assert_whole(stack, journal)

        reached_destroy = kill_after(stack, "destroy", step)
        stack.lifecycle("down").check()
        assert_nothing_left(engine, stack=stack.name)
        assert stack.files_in_backend() == []
        if not (reached_up or reached_destroy):
            return
        stack.init()


@pytest.mark.fault(
    "an update that recreates all containers is killed after each single step",
    "every acknowledged write is there, and no work is left",
)
def test_update_that_recreates_containers_keeps_everything_when_killed_after_each_step(
    stack: Stack, engine: DockerClient, marker: str, steps: Iterator[int]
) -> None:
    stack.lifecycle("up").check()
    journal = Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).write()

    # CPUs, since a limit of memory is changed in place.
    for step, cpus in zip(steps, itertools.cycle([1, 1.5]), strict=False):
        stack.configure(limits={service: {"cpu": cpus} for service in SERVICES})
        reached = kill_after(stack, "up", step)
        stack.lifecycle("up").check()
        assert_whole(stack, journal)
        if not reached:
            return
