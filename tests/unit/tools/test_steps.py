import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.unit.tools.waiting import wait_until
from tools.bootstrap import locks, paths, steps
from tools.bootstrap.errors import BootstrapError
from tools.bootstrap.progress import Report
from tools.bootstrap.steps import Step


class Fake:
    """A step's result, and what was done to make it."""

    def __init__(self, *, there: bool = False) -> None:
        self.there = there
        self.made = 0

    def step(self, title: str) -> Step:
        return Step("group", title, lambda: self.there, self.make)

    def make(self, report: Report) -> str:
        report("working")
        self.made += 1
        self.there = True
        return "made"


def test_when_everything_is_there_one_line_is_said_and_nothing_is_locked(lines: list[str]) -> None:
    steps.run([Fake(there=True).step("a"), Fake(there=True).step("b")], out=lines.append)
    assert len(lines) == 1
    assert lines[0].startswith("bootstrap: everything is there")
    assert not paths.cache().exists()


def test_only_what_is_missing_is_made_and_every_step_is_numbered(lines: list[str]) -> None:
    present, missing = Fake(there=True), Fake()
    steps.run([present.step("a"), missing.step("b")], out=lines.append)
    assert (present.made, missing.made) == (0, 1)
    without_times = [line.partition(" (")[0] for line in lines[:4]]
    assert without_times == ["[1/2] a: there", "[2/2] b: missing", "[2/2] b: working", "[2/2] b: made"]


def test_a_failed_step_stops_those_that_need_it(lines: list[str]) -> None:
    def fail(_: Report) -> str:
        raise BootstrapError("no space")

    later = Fake()
    with pytest.raises(BootstrapError, match="no space"):
        steps.run([Step("group", "a", lambda: False, fail), later.step("b")], out=lines.append)
    assert later.made == 0


def test_a_run_after_a_failure_goes_on_where_it_was(lines: list[str]) -> None:
    first, second = Fake(), Fake()
    steps.run([first.step("a")], out=lines.append)
    steps.run([first.step("a"), second.step("b")], out=lines.append)
    assert (first.made, second.made) == (1, 1)


def test_what_another_run_made_meanwhile_is_not_made_again(lines: list[str]) -> None:
    """The first look, without the lock, says missing; the second one, with it, says there."""
    looks = iter([False, True])
    fake = Fake()
    steps.run([Step("group", "a", lambda: next(looks), fake.make)], out=lines.append)
    assert fake.made == 0


def test_what_killed_runs_left_is_removed(lines: list[str]) -> None:
    leftover = paths.tools() / ".unfinished-1-tool"
    leftover.mkdir(parents=True)
    steps.run([Fake().step("a")], out=lines.append)
    assert not leftover.exists()


def test_the_build_caches_go_and_nothing_else() -> None:
    for folder in (paths.build() / "mod", paths.tools() / "tool", paths.state()):
        folder.mkdir(parents=True)
    steps.clear_build_caches()
    assert not paths.build().exists()
    wait_until(lambda: not list(paths.cache().glob(".discarded-*")))
    assert (paths.tools() / "tool").exists()
    assert paths.state().exists()


def test_a_removal_that_was_cut_short_is_finished() -> None:
    (paths.cache() / ".discarded-1" / "mod").mkdir(parents=True)
    steps.clear_build_caches()
    wait_until(lambda: list(paths.cache().iterdir()) == [])


def test_steps_come_in_the_order_in_which_they_need_each_other() -> None:
    groups = [step.group for step in steps.all_steps()]
    assert groups == ["state", "python", "engine", "tools", "tools", "tools", "images"]


@pytest.mark.parametrize(
    ("group", "made"),
    [("engine", {"engine"}), ("python", {"python"}), ("tools", {"state", "python", "tools"})],
    ids=["engine", "python", "tools"],
)
def test_a_group_is_made_with_what_it_needs(group: str, made: set[str]) -> None:
    assert {step.group for step in steps.of_group(group)} == made


def test_build_caches_of_another_run_at_work_stay_and_are_not_waited_for(lines: list[str]) -> None:
    (paths.build() / "mod").mkdir(parents=True)
    with locks.exclusive(out=lines.append):
        steps.clear_build_caches()
        assert (paths.build() / "mod").exists()
    steps.clear_build_caches()
    assert not paths.build().exists()


def test_build_caches_that_another_run_has_just_removed_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    paths.build().mkdir(parents=True)

    @contextmanager
    def lock_after_the_other_run() -> Iterator[bool]:
        paths.build().rmdir()
        yield True

    monkeypatch.setattr(locks, "if_free", lock_after_the_other_run)
    steps.clear_build_caches()


def test_a_removal_that_is_still_going_on_under_the_same_process_id_is_not_in_the_way() -> None:
    """Ids are used again, in a container very soon."""
    (paths.cache() / f"{steps.DISCARDED}{os.getpid()}" / "mod").mkdir(parents=True)
    paths.build().mkdir()
    steps.clear_build_caches()
    assert not paths.build().exists()
