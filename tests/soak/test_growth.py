"""Many cycles and many stacks: memory, disk, file descriptors, networks, images and the home do not grow.

Everything on the engine is compared, so nothing else may use the engine during the test.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from docker import DockerClient

from tests.support.footprint import EngineFootprint, engine_footprint
from tests.support.growth import Traces, make_traces, up_and_down
from tests.support.inventory import Inventory, assert_same, take_inventory
from tests.support.probes import probe_until
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.updates import assert_unchanged

AT_ONCE = 3
"""Runs at the same time: two cores carry no more within the time that services have to become ready."""

SPARE_MIB = 64.0
"""Memory that a program of the engine may hold back; 50 cycles make and remove 200 containers."""

SPARE_DESCRIPTORS = 10
SPARE_DISK_BYTES = 1 << 20
SETTLING_SECONDS = 120.0


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    return make_traces(tmp_path)


def assert_flat(engine: DockerClient, before: EngineFootprint, held: Inventory) -> None:
    """Fail for everything that the engine has more of than before."""
    assert_same(held, take_inventory(engine))
    now = engine_footprint(engine)
    assert now.images == before.images
    assert now.layer_bytes <= before.layer_bytes + SPARE_DISK_BYTES
    for program, count in before.descriptors.items():
        assert now.descriptors[program] <= count + SPARE_DESCRIPTORS, f"file descriptors of {program}"
        assert now.memory_mib[program] <= before.memory_mib[program] + SPARE_MIB, f"memory of {program}"


def assert_all_flat(engine: DockerClient, before: EngineFootprint, held: Inventory) -> None:
    """Do so once the engine has cleaned up what was just removed."""
    probe_until(lambda: assert_flat(engine, before, held), what="an engine as before", timeout_seconds=SETTLING_SECONDS)


@pytest.mark.fault(
    "a stack is created and destroyed repeatedly",
    "memory, disk, file descriptors, networks, images and the home do not grow",
)
def test_cycles_of_up_and_down_leave_everything_unchanged(
    traces: Traces, engine: DockerClient, soak_cycles: int, within_minutes: Callable[[int], Iterator[int]]
) -> None:
    with ephemeral_stack(traces.environment) as stack:
        up_and_down(stack)
        held, before, files = take_inventory(engine), engine_footprint(engine), traces.files()

        for _ in within_minutes(soak_cycles):
            up_and_down(stack)

        traces.assert_flat(files)
        assert_all_flat(engine, before, held)


@pytest.mark.fault("many stacks run in parallel", "all become ready, and nothing is left after their removal")
def test_parallel_stacks_become_ready_together_and_leave_everything_unchanged(
    traces: Traces, engine: DockerClient, soak_stacks: int
) -> None:
    with ExitStack() as held_open, ThreadPoolExecutor(AT_ONCE) as pool:
        first = held_open.enter_context(ephemeral_stack(traces.environment))
        up_and_down(first)
        held, before, files = take_inventory(engine), engine_footprint(engine), traces.files()
        stacks = [first]
        stacks += [held_open.enter_context(ephemeral_stack(traces.environment)) for _ in range(soak_stacks - 1)]

        list(pool.map(lambda stack: stack.lifecycle("up").check(), stacks))
        list(pool.map(assert_ready_and_unchanged, stacks))
        list(pool.map(lambda stack: stack.lifecycle("down").check(), stacks))

        assert_all_flat(engine, before, held)
    # Stack files are the test's own, and are gone by now.
    traces.assert_flat(files)


def assert_ready_and_unchanged(stack: Stack) -> None:
    """Fail unless every service responds and nothing would be changed."""
    stack.lifecycle("status").check()
    assert_unchanged(stack.preview())
