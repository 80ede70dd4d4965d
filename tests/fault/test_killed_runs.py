"""The provisioner is killed halfway: the next run finishes the work, and `down` leaves nothing behind.

Where to kill is a condition on the engine, not a point in time, so that every case hits the same step on any machine.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from docker import DockerClient

from infra import services
from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment
from tests.support.journal import Journal
from tests.support.probes import probe_until
from tests.support.processes import kill_session, session_members
from tests.support.stacks import UP_SECONDS, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

CONTAINERS = len(services.REQUIRED)

Condition = Callable[[Stack, DockerClient], bool]


def volume_is_made(stack: Stack, _: DockerClient) -> bool:
    return len(stack.objects().volumes) > 0


def container_is_made(stack: Stack, _: DockerClient) -> bool:
    return len(stack.objects().containers) > 0


def all_containers_are_made(stack: Stack, _: DockerClient) -> bool:
    return len(stack.objects().containers) == CONTAINERS


def vault_is_initialised(stack: Stack, engine: DockerClient) -> bool:
    """The most delicate moment: the keys have been returned, and may not have been stored yet."""
    vault = next((name for name in stack.objects().containers.values() if name.startswith("kv-")), None)
    if vault is None:
        return False
    bindings = engine.api.inspect_container(vault)["HostConfig"]["PortBindings"]
    port = next(iter(bindings.values()))[0]["HostPort"]
    try:
        return bool(requests.get(f"http://127.0.0.1:{port}/v1/sys/init", timeout=1).json()["initialized"])
    except requests.RequestException:
        return False


@pytest.fixture
def stack(environment: Environment) -> Iterator[Stack]:
    """A stack for one test."""
    with ephemeral_stack(environment) as stack:
        yield stack


def wait_for(condition: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    """Wait for a condition that must become true during the run."""

    def reached() -> bool:
        ended = running.poll() is not None
        if condition():
            return True
        if ended:
            return False
        message = "not yet"
        raise AssertionError(message)

    assert probe_until(reached, what="the point to strike at", timeout_seconds=UP_SECONDS, interval_seconds=0.01), (
        f"the run ended before it came to the point: {running.communicate()}"
    )


def assert_whole(stack: Stack, marker: str) -> None:
    """Fail unless the stack is complete, consistent with its state and usable."""
    assert_unchanged(stack.preview())
    assert len(stack.objects().containers) == CONTAINERS
    assert stack.objects().names == stack.names_in_state()
    Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).write().verify()


def assert_gone(stack: Stack, engine: DockerClient) -> None:
    """Fail unless neither the engine nor the backend knows the stack."""
    assert_nothing_left(engine, stack=stack.name)
    assert stack.files_in_backend() == []


@pytest.mark.parametrize("condition", [container_is_made, all_containers_are_made])
@pytest.mark.fault("`make up` is killed", "the next one finishes it, and `make down` leaves nothing")
def test_killed_up_is_finished_by_the_next_up_and_removed_completely(
    stack: Stack, engine: DockerClient, marker: str, condition: Condition
) -> None:
    kill_when(stack, "up", lambda: condition(stack, engine))

    stack.lifecycle("up").check()
    assert_whole(stack, marker)

    stack.lifecycle("down").check()
    assert_gone(stack, engine)


@pytest.mark.fault("`pulumi up` is killed", "the next `pulumi up` finishes it")
def test_killed_up_is_finished_by_a_plain_pulumi_up(stack: Stack, engine: DockerClient, marker: str) -> None:
    kill_when(stack, "up", lambda: volume_is_made(stack, engine))

    stack.up().check()

    assert_whole(stack, marker)


@pytest.mark.fault("`make up` is killed and not repeated", "`make down` leaves nothing")
def test_killed_up_is_removed_completely_without_another_up(stack: Stack, engine: DockerClient) -> None:
    kill_when(stack, "up", lambda: container_is_made(stack, engine))

    stack.lifecycle("down").check()

    assert_gone(stack, engine)


@pytest.mark.fault(
    "`make up` is killed after the key vault returned its key and before the key was stored",
    "the next one initializes the empty key vault again",
)
def test_key_vault_killed_before_its_key_was_stored_is_initialized_again(
    stack: Stack, engine: DockerClient, marker: str
) -> None:
    """The key is returned only once. Only a vault that was never unsealed is empty and may be initialised again."""
    kill_when(stack, "up", lambda: vault_is_initialised(stack, engine))

    stack.lifecycle("up").check()

    assert_whole(stack, marker)


@pytest.mark.fault("`pulumi destroy` is killed", "`make down` leaves nothing")
def test_killed_destroy_is_finished_by_down(stack: Stack, engine: DockerClient) -> None:
    stack.up().check()
    kill_when(stack, "destroy", lambda: len(stack.objects().containers) < CONTAINERS)

    stack.lifecycle("down").check()
    again = stack.lifecycle("down")

    assert_gone(stack, engine)
    assert again.exit_code == 0, again.output


@pytest.mark.fault("`pulumi destroy` is killed", "`make up` creates a complete workspace")
def test_killed_destroy_is_undone_by_up(stack: Stack, engine: DockerClient, marker: str) -> None:
    stack.up().check()
    kill_when(stack, "destroy", lambda: not stack.objects().containers)

    stack.lifecycle("up").check()

    assert_whole(stack, marker)


@pytest.mark.fault("the Docker provider is killed during an update", "the run fails, and the next one finishes it")
def test_killed_docker_provider_fails_the_run_and_the_next_up_finishes_it(
    stack: Stack, engine: DockerClient, marker: str
) -> None:
    running = stack.start("up", "--yes", "--skip-preview")
    wait_for(lambda: container_is_made(stack, engine), running)
    kill_program("pulumi-resource-docker", running.pid)
    finished = stack.finish(running)

    stack.lifecycle("up").check()

    assert finished.exit_code != 0
    assert_whole(stack, marker)


@pytest.mark.fault("`make up` is interrupted", "it reports this, and the next one finishes it")
def test_interrupted_up_reports_it_and_the_next_up_finishes_it(stack: Stack, engine: DockerClient, marker: str) -> None:
    running = stack.start_lifecycle("up")
    wait_for(lambda: container_is_made(stack, engine), running)
    os.killpg(running.pid, signal.SIGINT)
    finished = stack.finish(running)

    stack.lifecycle("up").check()

    assert finished.exit_code == 130, finished.output
    assert "Traceback" not in finished.output
    assert_whole(stack, marker)


@pytest.mark.fault("`make up` runs twice at the same time", "the workspace is complete")
def test_two_ups_at_the_same_time_leave_a_complete_stack(stack: Stack, engine: DockerClient, marker: str) -> None:
    first, second = stack.start_lifecycle("up"), stack.start_lifecycle("up")

    outcomes = [stack.finish(first), stack.finish(second)]

    assert 0 in [outcome.exit_code for outcome in outcomes], outcomes
    assert not [outcome.output for outcome in outcomes if "Traceback" in outcome.output]
    assert_whole(stack, marker)


def kill_when(stack: Stack, verb: str, condition: Callable[[], bool]) -> None:
    """Start a plain Pulumi command and kill it and its children as soon as the condition is true."""
    running = stack.start(verb, "--yes", "--skip-preview")
    wait_for(condition, running)
    kill_session(running.pid)
    running.communicate()


def kill_program(name: str, session: int) -> None:
    """SIGKILL every process of a session that runs a program of that name."""
    # The kernel keeps the first 15 characters of a name.
    found = [pid for pid in session_members(session) if Path(f"/proc/{pid}/comm").read_text().strip() == name[:15]]
    assert found, f"no '{name}' in session {session}"
    for pid in found:
        os.kill(pid, signal.SIGKILL)
