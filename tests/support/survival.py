"""Faults under write load: what was acknowledged is there afterwards, and a restarted key vault unseals in time.

The key vault unseals within five seconds of its container's start, each time, without an operator.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from docker import DockerClient

from tests.support import faults
from tests.support.load import Load
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
from tests.support.vault import assert_unsealed

OPEN_SECONDS = 5
BACK_SECONDS = 60
"""Until every kind of write is acknowledged again, clients' own pauses included; a quiet machine needs half of it."""

Fault = Callable[[DockerClient, LiveStack], None]


def restarted(resource: str) -> Fault:
    """The container of a service is restarted."""
    return lambda engine, live: faults.restart(engine, live.container_of(resource))


def crashed(resource: str) -> Fault:
    """The process of a service is killed."""
    return lambda engine, live: faults.crash(engine, live.container_of(resource))


def go_through(live: LiveStack, engine: DockerClient, fault: Fault) -> None:
    """Trigger the fault, and fail unless a restarted vault unseals in time."""
    vault = live.container_of("keyVault")
    before = faults.started_at(engine, vault)

    fault(engine, live)

    started = faults.started_at(engine, vault)
    running = (datetime.now(UTC) - started).total_seconds()
    left = BACK_SECONDS if started == before else max(OPEN_SECONDS - running, 0)
    probe_until(lambda: assert_unsealed(live.outputs), what="an open vault", timeout_seconds=left)


def survive(live: LiveStack, engine: DockerClient, marker: str, fault: Fault) -> None:
    """Trigger the fault while clients write, and fail unless everything acknowledged is there afterwards."""
    load = Load(stack=live.stack.name, outputs=live.outputs, prefix=marker)
    with load.running():
        go_through(live, engine, fault)
        load.await_more(3, seconds=BACK_SECONDS)

    load.verify()
