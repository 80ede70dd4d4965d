"""Runs the steps of a graph: each as soon as those before it are done, branches in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

MOST_AT_A_TIME = 32
"""Steps that wait for a node or run; how many run is decided by the nodes of their computes."""


def run_steps(
    after: Mapping[str, Set[str]],
    run: Callable[[str], bool],
    *,
    continue_on_failure: bool,
    is_canceled: Callable[[], bool],
) -> list[str]:
    """Run all steps that can run.

    After a failure, steps that already run go on to their end, because their results can be reused.

    Args:
        after: Steps, in the order in which they start, and those that each waits for.
        run: Carries out one step; returns whether it completed.
        continue_on_failure: Whether steps that do not need a failed one still run after a failure.
        is_canceled: Whether no further step is to start.

    Returns:
        The steps that did not run, because an earlier one failed or the run was canceled.
    """
    places = {name: place for place, name in enumerate(after)}
    sorter = TopologicalSorter(after)
    sorter.prepare()
    left, running, has_failed = set(after), dict[Future[bool], str](), False
    with ThreadPoolExecutor(MOST_AT_A_TIME, thread_name_prefix="step") as pool:
        while True:
            if not is_canceled() and (continue_on_failure or not has_failed):
                for name in sorted(sorter.get_ready(), key=places.__getitem__):
                    left.discard(name)
                    running[pool.submit(run, name)] = name
            if not running:
                return sorted(left, key=places.__getitem__)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                if future.result():
                    sorter.done(name)
                else:
                    has_failed = True
