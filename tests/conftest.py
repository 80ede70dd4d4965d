"""Order and markers of the tiers, and the fixtures that every tier on the real engine shares.

A test's tier is its folder; its marker is added here, so that none can be forgotten. Inside a tier the order is random
(pytest-randomly), but for the files of one folder, which share a workspace and run one after the other. The tiers
themselves run from cheap to expensive; then come the tests that must run alone, and last the comparison of the engine
with its earlier contents. With ``-n`` (pytest-xdist) the rest runs in parallel, see ``tests/support/scheduling``.
"""

import dataclasses
import uuid
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from tests.support import reliability, workers
from tests.support.engine import open_engine
from tests.support.environment import Environment, copy_project, make_environment
from tests.support.inventory import Inventory, take_inventory
from tests.support.scheduling import SideBySideScheduling, order_of
from tests.support.stacks import LiveStack, live_stack
from tests.support.tiers import ENGINE_TIERS, asks_for_engine, empty_tiers, is_left_out, tier_of

WORKERS = pytest.StashKey[list[WorkerController]]()
HELD_BEFORE = pytest.StashKey[Inventory]()
LONGEST_LIST, LONGEST_CAUSE = 10, 1000
NARROWING_OPTIONS = ("keyword", "markexpr", "lf", "deselect")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of runs that write files for the documentation or for people."""
    parser.addoption("--reliability", type=Path, help="file for the results that docs/reliability.md is made of")
    parser.addoption("--pictures", action="store_true", help="save pictures of every panel of the studio, to look at")


def pytest_configure(config: pytest.Config) -> None:
    """Record the outcome of faults if requested; the workers' reports come here too."""
    path = config.getoption("--reliability")
    if path is not None and workers.input_of(config) is None:
        config.pluginmanager.register(reliability.Recorder(path), "reliability")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip tiers that run on demand only."""
    return is_left_out(collection_path, asked_for(config)) or None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its tier, early enough for ``-m``, and attach what it says about its fault."""
    item.add_marker(tier_of(item.path))
    reliability.describe(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tiers in order after everything else has shuffled, and reject a tier without tests."""
    items.sort(key=lambda item: order_of(item.path))
    if not any(config.getoption(option, default=None) for option in NARROWING_OPTIONS):
        empty = empty_tiers(asked_for(config), (item.path for item in items))
        if empty:
            message = f"no test was collected in: {', '.join(empty)}"
            raise pytest.UsageError(message)


def asked_for(config: pytest.Config) -> list[Path]:
    """Return the files and folders that the command line names."""
    return [config.invocation_params.dir.joinpath(argument.partition("::")[0]).resolve() for argument in config.args]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySideScheduling:
    """Decide which tests may run in parallel."""
    return SideBySideScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker what the engine held before any of them began."""
    stash = node.config.stash
    stash.setdefault(WORKERS, []).append(node)
    if asks_for_engine(asked_for(node.config)):
        if HELD_BEFORE not in stash:
            with open_engine() as client:
                stash[HELD_BEFORE] = take_inventory(client)
        node.workerinput["engine_before"] = dataclasses.asdict(stash[HELD_BEFORE])


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let an interrupted worker finish its test."""
    if workers.input_of(session.config) is not None:
        workers.stop_after_current_test(session)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Wait for the workers of an interrupted run, so that they leave nothing behind."""
    if exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR):
        workers.stop_all(session.config.stash.get(WORKERS, []))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Report at the end what went wrong, each cause once: one broken fixture fails hundreds of tests."""
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

    It opens the engine itself: requesting ``engine`` by name would find whatever the test that happens to run first
    means by it. A worker receives the contents from before the first worker started.
    """
    told = (workers.input_of(request.config) or {}).get("engine_before")
    if told is not None:
        return Inventory(**told)
    if not any(tier_of(item.path) in ENGINE_TIERS for item in request.session.items):
        return Inventory()
    with open_engine() as client:
        return take_inventory(client)


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of a run share."""
    return workers.run_folder(pytestconfig, tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def environment(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A copy of the project and a state backend of the worker's own; passphrase and claims are the run's.

    Ports and subnets are claimed in one place by all workers, so that none takes what another one is about to use.
    """
    base = tmp_path_factory.mktemp("run")
    return make_environment(copy_project(base / "project"), run_folder / "home", backend=base / "state")


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A running workspace, shared by the tests of one file: they add to it and remove only what they added."""
    with live_stack(environment) as stack:
        yield stack


@pytest.fixture
def marker() -> str:
    """A word that no other test knows: names for what a test writes into a shared service."""
    return f"m{uuid.uuid4().hex[:12]}"
