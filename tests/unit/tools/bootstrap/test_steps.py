import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from infra.host import folders
from tests.unit.tools.bootstrap.waiting import wait_until
from tools.bootstrap import artefacts, bootstrap_lock, fetching_ahead, sources, steps
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.progress import StepProgress
from tools.bootstrap.steps import Step


class Fake:
    """A step's result, and the actions that produced it."""

    def __init__(self, *, there: bool = False) -> None:
        self.there = there
        self.made = 0

    def step(self, title: str) -> Step:
        return Step("group", title, lambda: self.there, self.make)

    def make(self, progress: StepProgress) -> str:
        progress.report("working")
        self.made += 1
        self.there = True
        return "made"


def test_when_everything_is_there_one_line_is_said_and_nothing_is_locked(lines: list[str]) -> None:
    steps.run([Fake(there=True).step("a"), Fake(there=True).step("b")], out=lines.append)
    assert len(lines) == 1
    assert lines[0].startswith("bootstrap: everything is there")
    assert not folders.cache().exists()


def test_only_what_is_missing_is_made_and_every_step_is_numbered(lines: list[str]) -> None:
    present, missing = Fake(there=True), Fake()
    steps.run([present.step("a"), missing.step("b")], out=lines.append)
    assert (present.made, missing.made) == (0, 1)
    without_times = [line.partition(" (")[0] for line in lines[:4]]
    assert without_times == ["[1/2] a: there", "[2/2] b: missing", "[2/2] b: working", "[2/2] b: made"]


def test_a_failed_step_stops_those_that_need_it(lines: list[str]) -> None:
    def fail(_: StepProgress) -> str:
        raise BootstrapError("no space")

    later = Fake()
    with pytest.raises(BootstrapError, match="no space"):
        steps.run([Step("group", "a", lambda: False, fail), later.step("b")], out=lines.append)
    assert later.made == 0


class Build(Fake):
    """A step that no network delivers."""

    def __init__(self, job: str) -> None:
        super().__init__()
        self.job = job

    def step(self, title: str) -> Step:
        return replace(super().step(title), jobs=lambda: [self.job], programs=lambda: [self.program])

    @property
    def program(self) -> Program:
        return Program(module=Path("module"), package=self.job)

    def make(self, progress: StepProgress) -> str:
        super().make(progress)
        progress.remaining.begin(self.job)
        progress.remaining.end(self.job, built=True)
        return sources.BUILT


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packages whose sources are fetched ahead."""
    asked: list[str] = []

    @contextmanager
    def fetching(programs: Iterable[Program]) -> Iterator[None]:
        asked.extend(program.package for program in programs)
        yield

    monkeypatch.setattr(fetching_ahead, "fetching", fetching)
    return asked


@pytest.mark.usefixtures("fetched")
def test_every_step_says_how_long_the_rest_takes(lines: list[str]) -> None:
    steps.run([Build("pulumi").step("a"), Build("minio").step("b")], out=lines.append)
    done = [line for line in lines if sources.BUILT in line]
    assert done[0].endswith("less than a minute left)")  # the first one took no time, so the second will not either
    assert done[1].endswith("s)")


def test_after_a_build_the_sources_of_what_is_still_missing_are_fetched(lines: list[str], fetched: list[str]) -> None:
    there = Build("vault")
    there.there = True
    missing = [Build("pulumi").step("a"), Build("minio").step("b"), there.step("c"), Build("registry").step("d")]
    steps.run(missing, out=lines.append)
    assert fetched == ["minio", "registry"]


def test_nothing_is_fetched_ahead_as_long_as_nothing_has_to_be_built(lines: list[str], fetched: list[str]) -> None:
    steps.run([Fake().step("a"), Build("minio").step("b")], out=lines.append)
    assert fetched == []


def test_a_run_after_a_failure_goes_on_where_it_was(lines: list[str]) -> None:
    first, second = Fake(), Fake()
    steps.run([first.step("a")], out=lines.append)
    steps.run([first.step("a"), second.step("b")], out=lines.append)
    assert (first.made, second.made) == (1, 1)


def test_what_another_run_made_meanwhile_is_not_made_again(lines: list[str]) -> None:
    """The first check, without the lock, reports it missing; the second one, with the lock, finds it."""
    looks: list[None] = []

    def is_present() -> bool:
        looks.append(None)
        return len(looks) > 1

    fake = Fake()
    steps.run([Step("group", "a", is_present, fake.make)], out=lines.append)
    assert fake.made == 0


def test_what_killed_runs_left_is_removed(lines: list[str]) -> None:
    leftover = folders.tools() / ".unfinished-1-tool"
    leftover.mkdir(parents=True)
    steps.run([Fake().step("a")], out=lines.append)
    assert not leftover.exists()


def test_the_build_caches_go_and_nothing_else() -> None:
    for folder in (folders.build() / "mod", folders.tools() / "tool", folders.state()):
        folder.mkdir(parents=True)
    steps.clear_build_caches()
    assert not folders.build().exists()
    wait_until(lambda: not list(folders.cache().glob(".discarded-*")))
    assert (folders.tools() / "tool").exists()
    assert folders.state().exists()


def test_a_removal_that_was_cut_short_is_finished() -> None:
    (folders.cache() / ".discarded-1" / "mod").mkdir(parents=True)
    steps.clear_build_caches()
    wait_until(lambda: list(folders.cache().iterdir()) == [])


def test_steps_come_in_the_order_in_which_they_need_each_other() -> None:
    groups = [step.group for step in steps.all_steps()]
    assert groups == ["state", "python", "engine", "tools", "tools", "tools", "images", "azure", "studio"]


@pytest.mark.parametrize(
    ("group", "made"),
    [("engine", {"engine"}), ("python", {"python"}), ("tools", {"state", "python", "tools"})],
    ids=["engine", "python", "tools"],
)
def test_a_group_is_made_with_what_it_needs(group: str, made: set[str]) -> None:
    assert {step.group for step in steps.of_group(group)} == made


def test_build_caches_of_another_run_at_work_stay_and_are_not_waited_for(lines: list[str]) -> None:
    (folders.build() / "mod").mkdir(parents=True)
    with bootstrap_lock.exclusive(out=lines.append):
        steps.clear_build_caches()
        assert (folders.build() / "mod").exists()
    steps.clear_build_caches()
    assert not folders.build().exists()


def test_build_caches_that_another_run_has_just_removed_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    folders.build().mkdir(parents=True)

    @contextmanager
    def lock_after_the_other_run() -> Iterator[bool]:
        folders.build().rmdir()
        yield True

    monkeypatch.setattr(bootstrap_lock, "if_free", lock_after_the_other_run)
    steps.clear_build_caches()


def test_a_removal_that_is_still_going_on_under_the_same_process_id_is_not_in_the_way() -> None:
    """Process ids are reused, in a container very soon."""
    (folders.cache() / f"{artefacts.DISCARDED}{os.getpid()}" / "mod").mkdir(parents=True)
    folders.build().mkdir()
    steps.clear_build_caches()
    assert not folders.build().exists()
