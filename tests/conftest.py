"""Order and markers of the tiers, and the fixtures that every tier on the real engine shares.

A test's tier is its folder; its marker is added here, so that none can be forgotten. Inside a tier the order is random
(pytest-randomly), but for the files of one folder, which share a workspace and run one after the other. The tiers
themselves run from cheap to dear, and the comparison of the engine with what it held before comes last of all.
"""

import uuid
from collections import Counter
from collections.abc import Generator, Iterator

import pytest
from docker import DockerClient

from tests.support.engine import open_engine
from tests.support.environment import Environment, copy_project, make_environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.stacks import LiveStack, live_stack
from tests.support.tiers import ENGINE_TIERS, empty_tiers, position_of, tier_of

LONGEST_LIST, LONGEST_CAUSE = 10, 1000
NARROWING_OPTIONS = ("keyword", "markexpr", "lf", "deselect")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its tier, early enough for ``-m``."""
    item.add_marker(tier_of(item.path))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tiers in order after everything else has shuffled, and refuse a tier without tests."""
    items.sort(key=lambda item: position_of(item.path))
    if not any(config.getoption(option, default=None) for option in NARROWING_OPTIONS):
        asked_for = [config.invocation_params.dir.joinpath(argument).resolve() for argument in config.args]
        empty = empty_tiers(asked_for, (item.path for item in items))
        if empty:
            message = f"no test was collected in: {', '.join(empty)}"
            raise pytest.UsageError(message)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Say last of all what went wrong, each cause once: one broken fixture fails hundreds of tests."""
    yield
    bad = [report for outcome in ("failed", "error") for report in terminalreporter.stats.get(outcome, [])]
    crashes = [getattr(report.longrepr, "reprcrash", None) for report in bad]
    causes = Counter(f"{crash.path}:{crash.lineno}: {crash.message}" for crash in crashes if crash)
    for cause, tests in causes.most_common(LONGEST_LIST):
        terminalreporter.write_line(f"{tests} x {cause[:LONGEST_CAUSE]}")


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """The real engine."""
    with open_engine() as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def engine_before(request: pytest.FixtureRequest) -> Inventory:
    """What the engine held before the first test that uses it; taken only when there is one.

    It opens the engine itself: asking for ``engine`` by name would find whatever the test that happens to be the first
    means by it.
    """
    if not any(tier_of(item.path) in ENGINE_TIERS for item in request.session.items):
        return Inventory()
    with open_engine() as client:
        return take_inventory(client)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The run's own copy of the project, with a state backend, a passphrase and port claims of its own."""
    base = tmp_path_factory.mktemp("run")
    return make_environment(copy_project(base / "project"), base / "home")


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace that is up, shared by the tests of one file: they add to it and take away only what is theirs."""
    with live_stack(environment) as stack:
        yield stack


@pytest.fixture
def marker() -> str:
    """A word that no other test knows: names for what a test writes into a shared service."""
    return f"m{uuid.uuid4().hex[:12]}"
