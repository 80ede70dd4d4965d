"""The order of units on workers, simulated without processes: a fake worker only records what it receives."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from xdist.workermanage import WorkerController

from tests.support.scheduling import ALONE, LONGEST, SPREAD, SideBySideScheduling, order_of, runs_alone, unit_of
from tests.support.tiers import LAST_FILE, TESTS_ROOT, TIERS

SIDE_BY_SIDE = [f"tests/unit/test_{name}.py::test_{number}" for name in "abc" for number in range(3)]
ON_THEIR_OWN = [f"tests/{file}::test_{number}" for file in list(ALONE)[-2:] for number in range(4)]


class Worker:
    """Runs the tests that it receives in order, but needs the next test before it runs one."""

    def __init__(self, name: str) -> None:
        self.name, self.queue, self.ran = name, list[int](), list[str]()
        self.shutting_down = False
        self.gateway = SimpleNamespace(id=name)

    def send_runtest_some(self, indices: list[int]) -> None:
        self.queue += indices

    def shutdown(self) -> None:
        self.shutting_down = True


class Run:
    """A scheduler with its workers."""

    def __init__(self, tests: list[str], *, workers: int) -> None:
        option = SimpleNamespace(loadscopereorder=True)
        config = SimpleNamespace(getvalue=lambda _: [f"{workers}*popen"], option=option)
        self.scheduler = SideBySideScheduling(cast("pytest.Config", config))
        self.tests, self.workers = tests, [Worker(f"gw{number}") for number in range(workers)]
        self.at_the_same_time: list[set[str]] = []
        for worker in self.workers:
            self.scheduler.add_node(node_of(worker))
            self.scheduler.add_node_collection(node_of(worker), tests)
        self.scheduler.schedule()

    def go_on(self) -> bool:
        """Let every worker run a test if it can, and end if it has none left; returns whether anything happened."""
        able = [w for w in self.workers if w.queue and (len(w.queue) > 1 or w.shutting_down)]
        self.at_the_same_time.append({self.tests[w.queue[0]] for w in able})
        for worker in able:
            index = worker.queue.pop(0)
            worker.ran.append(self.tests[index])
            self.scheduler.mark_test_complete(node_of(worker), index)
        ended = [w for w in self.workers if w.shutting_down and not w.queue and node_of(w) in self.scheduler.nodes]
        for worker in ended:
            assert self.scheduler.remove_node(node_of(worker)) is None
        if self.scheduler.tests_finished:  # what xdist's session does
            for worker in self.workers:
                worker.shutdown()
        return bool(able or ended)

    def to_the_end(self) -> "Run":
        while self.go_on():
            pass
        return self


def node_of(worker: Worker) -> WorkerController:
    return cast("WorkerController", cast("Any", worker))


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(
    "tests", [SIDE_BY_SIDE, ON_THEIR_OWN, [*SIDE_BY_SIDE, *ON_THEIR_OWN]], ids=["side by side", "alone", "both"]
)
def test_every_test_runs_once_and_all_workers_end(tests: list[str], workers: int) -> None:
    run = Run(tests, workers=workers).to_the_end()

    assert sorted(test for worker in run.workers for test in worker.ran) == sorted(tests)
    assert run.scheduler.nodes == []


def test_independent_files_run_at_the_same_time_and_each_on_one_worker() -> None:
    run = Run(SIDE_BY_SIDE, workers=2).to_the_end()

    assert max(len(tests) for tests in run.at_the_same_time) == 2
    files = [{unit_of(test) for test in worker.ran} for worker in run.workers]
    assert not files[0] & files[1]


def test_tests_that_run_alone_come_in_order_after_all_others_on_the_last_worker() -> None:
    run = Run([*SIDE_BY_SIDE, *ON_THEIR_OWN], workers=3).to_the_end()

    assert run.at_the_same_time[-9:-1] == [{test} for test in ON_THEIR_OWN]
    assert [worker.ran[-8:] for worker in run.workers if ON_THEIR_OWN[0] in worker.ran] == [ON_THEIR_OWN]


def test_unit_is_the_folder_that_shares_a_workspace_else_the_file_else_the_test() -> None:
    spread = f"tests/{next(iter(SPREAD))}::test_x[a::b]"

    assert unit_of("tests/e2e/roles/test_roles.py::test_x") == "tests/e2e/roles"
    assert unit_of("tests/e2e/test_tls.py::test_x[tests/a::b]") == "tests/e2e/test_tls.py"
    assert unit_of("tests/unit/mlw/test_main.py::test_x") == "tests/unit/mlw/test_main.py"
    assert unit_of(spread) == spread


@pytest.mark.parametrize("file", [*ALONE, *SPREAD])
def test_listed_file_exists(file: str) -> None:
    assert (TESTS_ROOT / file).is_file()


def test_single_tests_run_after_the_tiers_and_before_those_that_run_alone() -> None:
    alone, single = (TESTS_ROOT / next(iter(files)) for files in (ALONE, SPREAD))
    files = [TESTS_ROOT / tier / "test_x.py" for tier in TIERS]

    assert sorted([LAST_FILE, alone, single, *files], key=order_of) == [*files, single, alone, LAST_FILE]


def test_folders_with_a_workspace_begin_their_tier_and_the_longest_are_first() -> None:
    folders = ("policy/engine", *LONGEST, "e2e/compute_instances", "e2e/roles", "e2e")
    files = [TESTS_ROOT / folder / "test_x.py" for folder in folders]

    assert sorted(reversed(files), key=order_of) == files


@pytest.mark.parametrize("folder", LONGEST)
def test_listed_folder_shares_a_workspace(folder: str) -> None:
    assert (TESTS_ROOT / folder / "conftest.py").is_file()


def test_comparison_of_the_engine_runs_alone() -> None:
    assert runs_alone(LAST_FILE)


def test_folders_that_are_packages_have_different_names() -> None:
    """Two tiers with a package of the same name cannot be collected in one run: the name stands for one folder."""
    names = [path.parent.name for path in TESTS_ROOT.rglob("__init__.py") if path.parent.parent.parent == TESTS_ROOT]

    assert sorted(names) == sorted(set(names))
