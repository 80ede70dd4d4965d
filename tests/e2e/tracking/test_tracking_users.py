"""Users of the tracking server come and go, and passwords change, without a restart."""

import threading
import time

import pytest
from docker import DockerClient

from tests.e2e.tracking.conftest import LEAVER, assignments
from tests.support.principals import person
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
from tests.support.tracking import TrackingClient

SEARCH = ("GET", "experiments/search?max_results=1")


def started(tracked: LiveStack, engine: DockerClient) -> str:
    """When the container was started."""
    return str(engine.api.inspect_container(tracked.container_of("tracking"))["State"]["StartedAt"])


def test_a_principal_who_leaves_is_refused_within_a_second_and_nothing_restarts(
    tracked: LiveStack, engine: DockerClient
) -> None:
    leaver, reader = (TrackingClient.of_person(person(tracked.outputs, name)) for name in (LEAVER, "reader"))
    before, statuses, done = started(tracked, engine), set[int](), threading.Event()
    assert leaver.request(*SEARCH).status_code == 200

    def read() -> None:
        while not done.is_set():
            statuses.add(reader.request(*SEARCH).status_code)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        tracked.stack.configure(roleAssignments=assignments(LEAVER))
        tracked.stack.up().check()
        ended = time.monotonic()
        probe_until(lambda: refused(leaver), what="a refusal", timeout_seconds=1)
        seconds = time.monotonic() - ended
    finally:
        done.set()
        thread.join()

    assert seconds < 1
    assert statuses == {200}
    assert started(tracked, engine) == before


def refused(client: TrackingClient) -> None:
    """Fail unless the server refuses the login."""
    assert client.request(*SEARCH).status_code == 401


@pytest.mark.parametrize("option", [("--service", "tracking"), ("--principal", "reader")], ids=["stack", "principal"])
def test_a_rotation_replaces_the_password_and_nothing_restarts(
    tracked: LiveStack, engine: DockerClient, option: tuple[str, str]
) -> None:
    def client() -> TrackingClient:
        outputs = tracked.stack.outputs()
        is_own = option[0] == "--service"
        return TrackingClient.of(outputs) if is_own else TrackingClient.of_person(person(outputs, option[1]))

    before, old = started(tracked, engine), client()
    assert old.request(*SEARCH).status_code == 200

    rotated = tracked.stack.environment.mlw("keys", "rotate", tracked.stack.name, *option).check()

    new = client()
    probe_until(lambda: refused(old), what="a refusal of the old password", timeout_seconds=1)
    assert new.request(*SEARCH).status_code == 200
    assert new.login
    assert new.login[1] not in rotated.output
    assert started(tracked, engine) == before
    tracked.outputs.clear()
    tracked.outputs.update(tracked.stack.outputs())
