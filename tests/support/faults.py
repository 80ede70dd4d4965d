"""Faults of services: restarts, crashes, and restarts of the engine below them."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from docker import DockerClient

from tests.support.environment import Environment
from tests.support.inventory import Inventory
from tests.support.probes import probe_until
from tests.support.processes import kill_session, run

STOP_SECONDS = 30


def restart(engine: DockerClient, container: str) -> None:
    """Restart a container as a user does: its process can shut down properly."""
    engine.api.restart(container, timeout=STOP_SECONDS)


def crash(engine: DockerClient, container: str) -> None:
    """Kill the service's process itself: unlike ``docker kill``, the engine treats this as a crash."""
    before = engine.api.inspect_container(container)["State"]
    assert before["Running"], (
        f"'{container}' is not running: {before}"
    )  # its process id is 0, which stands for every process
    os.kill(before["Pid"], signal.SIGKILL)

    def started_again() -> None:
        state = engine.api.inspect_container(container)["State"]
        assert state["Running"], state
        assert state["StartedAt"] != before["StartedAt"]

    probe_until(started_again, what=f"the engine starts '{container}' again")


def cut_power(engine: DockerClient, objects: Inventory) -> None:
    """Kill all containers before the first one is restarted, as in a power loss."""
    for container in objects.containers:
        engine.api.kill(container, signal="SIGKILL")
    for container in objects.containers:
        engine.api.start(container)


def restart_engine(environment: Environment) -> None:
    """Restart the engine that the bootstrap started; skips the test if someone else started it."""
    command = ["python3", "-m", "tools.bootstrap", "engine", "--restart"]
    restarted = run(command, cwd=environment.project, env=environment.variables)
    if "was not started by the bootstrap" in restarted.output:
        pytest.skip("the engine of this machine is its owner's: tests restart only one that the bootstrap started")
    restarted.check()


def started_at(engine: DockerClient, container: str) -> datetime:
    """When a container was last started, by the engine's clock."""
    started = engine.api.inspect_container(container)["State"]["StartedAt"]
    # Nanoseconds are more than Python reads.
    return datetime.fromisoformat(started[:26].rstrip("Z")).replace(tzinfo=UTC)


def kill_as_soon_as(condition: Callable[[], bool], running: subprocess.Popen[str], *, seconds: float = 120) -> None:
    """Kill a started command and its session as soon as a condition becomes true."""

    def reached() -> bool:
        ended = running.poll() is not None
        if condition():
            return True
        assert ended, "not yet"
        return False

    struck = probe_until(reached, what="the moment to strike", timeout_seconds=seconds, interval_seconds=0.005)
    assert struck, f"the command ended before it came to the moment: {running.communicate()}"
    kill_session(running.pid)
    running.communicate()
