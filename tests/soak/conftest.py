"""How long `make soak` runs: counts and minutes from the command line."""

import time
from collections.abc import Callable, Iterator

import pytest

CYCLES, STACKS, MINUTES, SCALE = 50, 30, 600.0, 1.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that limit the tier."""
    group = parser.getgroup("soak")
    group.addoption("--soak-cycles", type=int, default=CYCLES, help="cycles of up and down")
    group.addoption("--soak-stacks", type=int, default=STACKS, help="stacks that are up at the same time")
    group.addoption("--soak-every", type=int, default=1, help="kill after every n-th step")
    group.addoption("--soak-scale", type=float, default=SCALE, help="part of the data that is archived")
    group.addoption("--soak-minutes", type=float, default=MINUTES, help="no cycle or step of a test begins later")


@pytest.fixture
def soak_cycles(pytestconfig: pytest.Config) -> int:
    """How many cycles of `up` and `down`."""
    return int(pytestconfig.getoption("--soak-cycles"))


@pytest.fixture
def soak_stacks(pytestconfig: pytest.Config) -> int:
    """How many stacks in parallel."""
    return int(pytestconfig.getoption("--soak-stacks"))


@pytest.fixture
def soak_scale(pytestconfig: pytest.Config) -> float:
    """The fraction of the data to write."""
    return float(pytestconfig.getoption("--soak-scale"))


@pytest.fixture
def within_minutes(pytestconfig: pytest.Config) -> Callable[[int], Iterator[int]]:
    """Count up to a number, as long as the test's minutes last."""
    deadline = time.monotonic() + 60 * float(pytestconfig.getoption("--soak-minutes"))

    def counted(number: int) -> Iterator[int]:
        for index in range(number):
            if index and time.monotonic() > deadline:
                return
            yield index

    return counted
