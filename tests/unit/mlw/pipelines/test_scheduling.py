"""The order in which steps run."""

from __future__ import annotations

import threading
from collections.abc import Set

import pytest

from mlw.pipelines.scheduling import run_steps

DIAMOND: dict[str, Set[str]] = {"a": set(), "left": {"a"}, "right": {"a"}, "end": {"left", "right"}, "alone": set()}


def _run(
    failing: Set[str] = frozenset(), *, goes_on: bool = False, canceled_after: str = ""
) -> tuple[set[str], list[str]]:
    ran: list[str] = []

    def run(name: str) -> bool:
        ran.append(name)
        return name not in failing

    left = run_steps(DIAMOND, run, continue_on_failure=goes_on, is_canceled=lambda: canceled_after in ran)
    assert len(ran) == len(set(ran))
    return set(ran), left


def test_all_steps_run_after_those_that_they_wait_for() -> None:
    ran: list[str] = []

    def run(name: str) -> bool:
        assert DIAMOND[name] <= set(ran)
        ran.append(name)
        return True

    assert run_steps(DIAMOND, run, continue_on_failure=False, is_canceled=lambda: False) == []
    assert set(ran) == set(DIAMOND)


def test_branches_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def run(name: str) -> bool:
        if name in {"left", "right"}:
            both.wait()
        return True

    assert run_steps(DIAMOND, run, continue_on_failure=False, is_canceled=lambda: False) == []


def test_after_a_failure_no_further_step_starts() -> None:
    ran, left = _run({"a"})

    assert (ran, left) == ({"a", "alone"}, ["left", "right", "end"])


def test_after_a_failure_a_step_that_does_not_need_it_does_not_start_either() -> None:
    failed, looks = threading.Event(), []

    def look() -> bool:
        looks.append(True)
        if len(looks) == 2:  # the failure is known
            failed.set()
        return False

    def run(name: str) -> bool:
        return name != "bad" and failed.wait(10)

    graph: dict[str, Set[str]] = {"bad": set(), "slow": set(), "next": {"slow"}}

    assert run_steps(graph, run, continue_on_failure=False, is_canceled=look) == ["next"]


@pytest.mark.parametrize(
    ("failing", "left"), [("a", ["left", "right", "end"]), ("left", ["end"])], ids=["first", "branch"]
)
def test_steps_that_need_no_failed_one_run_if_the_pipeline_continues(failing: str, left: list[str]) -> None:
    assert _run({failing}, goes_on=True)[1] == left


def test_a_canceled_run_starts_no_further_step() -> None:
    ran, left = _run(canceled_after="a")

    assert "end" not in ran
    assert {*ran, *left} == set(DIAMOND)


def test_an_error_of_this_program_is_raised() -> None:
    def run(name: str) -> bool:
        raise RuntimeError(name)

    with pytest.raises(RuntimeError, match="a"):
        run_steps(DIAMOND, run, continue_on_failure=False, is_canceled=lambda: False)
