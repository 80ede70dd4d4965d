"""The next run finishes deletions that were killed halfway; nothing else is lost, and nothing is left behind.

Where to kill is a condition on the engine or the backend, so that every case hits the same step on any machine.
"""

import json
import subprocess
from collections.abc import Callable

import pytest
from docker import DockerClient

from infra import labels, services
from tests.support.engine import assert_nothing_left
from tests.support.environment import Environment
from tests.support.journal import Journal
from tests.support.probes import probe_until
from tests.support.processes import kill_session, start
from tests.support.stacks import UP_SECONDS, Stack, ephemeral_stack

CONTAINERS = len(services.REQUIRED)


def start_mlw(stack: Stack, *words: str) -> subprocess.Popen[str]:
    """Start the console script in its own session."""
    return start(["mlw", *words], cwd=stack.environment.project, env=stack.environment.variables)


def kill_when(running: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Kill a command and its children as soon as the condition is true; it must still be running then."""

    def reached() -> None:
        ended = running.poll()
        assert condition() or ended is not None, "not yet"

    probe_until(reached, what="the step to kill at", timeout_seconds=UP_SECONDS, interval_seconds=0.01)
    assert running.poll() is None, running.communicate()
    kill_session(running.pid)
    running.communicate()


@pytest.mark.fault("`mlw expire` is killed while it removes a stack", "the next run removes all of it")
def test_an_expired_stack_is_removed_by_the_next_run_after_a_kill_at_every_step(
    environment: Environment, engine: DockerClient
) -> None:
    with ephemeral_stack(environment, expiresOn="2026-01-01") as stack:
        stack.up().check()
        for condition in (
            lambda: len(stack.objects().containers) < CONTAINERS,
            lambda: not stack.objects().containers,
            lambda: not stack.objects(),
        ):
            kill_when(start_mlw(stack, "expire", "--yes"), condition)
            assert stack.environment.mlw("expire").check().stdout.startswith("Expired:\n"), "still known to be due"

        finished = stack.environment.mlw("expire", "--yes").check()

        assert f"Removed: {stack.name}." in finished.stdout
        assert_nothing_left(engine, stack=stack.name)
        assert stack.files_in_backend() == []
        assert "Nothing has expired." in stack.environment.mlw("expire").check().stdout


def marks(stack: Stack, engine: DockerClient) -> int:
    """How many volumes are marked as soft-deleted."""
    filters = {"label": [f"{labels.STACK}={stack.name}", labels.PURGE_DATE]}
    return len(engine.api.volumes(filters=filters)["Volumes"] or [])


@pytest.mark.fault(
    "deletion, recovery and purge of a soft-deleted workspace are killed at every step",
    "the next run finishes; data is recovered unchanged until the purge, and nothing is left after it",
)
def test_a_soft_deleted_workspace_survives_kills_at_every_step_and_is_purged_completely(
    environment: Environment, engine: DockerClient, marker: str
) -> None:
    with ephemeral_stack(environment, workspace={"softDeleteRetentionInDays": 14}) as stack:
        stack.up().check()
        Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).write()
        volumes = frozenset(stack.objects().volumes)

        for condition in (
            lambda: marks(stack, engine) == 1,
            lambda: len(stack.objects().containers) < CONTAINERS,
        ):
            kill_when(stack.start_lifecycle("down"), condition)
            assert stack.lifecycle("up").exit_code == 1, "it is deleted from the first step on"
        (first,) = json.loads(environment.mlw("deleted", "list", "--json").check().stdout)
        stack.lifecycle("down").check()
        (second,) = json.loads(environment.mlw("deleted", "list", "--json").check().stdout)
        assert first == second, "the days count from the first attempt"
        assert not stack.objects().containers

        kill_when(start_mlw(stack, "deleted", "recover", stack.name), lambda: marks(stack, engine) == 0)
        kill_when(start_mlw(stack, "deleted", "recover", stack.name), lambda: len(stack.objects().containers) > 0)
        environment.mlw("deleted", "recover", stack.name).check()
        assert volumes == frozenset(stack.objects().volumes)
        Journal(stack=stack.name, outputs=stack.outputs(), marker=marker).verify()

        stack.lifecycle("down").check()
        for condition in (
            lambda: ":SoftDeletion" not in stack.state_file.read_text(),
            lambda: len(stack.objects().volumes) < len(volumes),
            lambda: len(stack.objects().volumes) <= 1,
        ):
            kill_when(start_mlw(stack, "deleted", "purge", stack.name, "--yes"), condition)
            assert environment.mlw("deleted", "recover", stack.name).exit_code == 1, "half of it is gone"
        environment.mlw("deleted", "purge", stack.name, "--yes").check()

        assert_nothing_left(engine, stack=stack.name)
        assert stack.files_in_backend() == []
        assert json.loads(environment.mlw("deleted", "list", "--json").check().stdout) == []
