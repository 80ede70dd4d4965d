"""Work that arrives while other work is under way is done together, and failures reach every caller."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from infra.clients.engine.combining import Combiner
from tests.support.probes import probe_until

SECONDS = 30.0


class Work:
    """An action that records its calls; the first one takes until `go` is set."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.cleaned: list[list[str]] = []
        self.begun, self.go = Event(), Event()
        self.broken: set[str] = set()

    @contextmanager
    def __call__(self, items: list[str]) -> Iterator[None]:
        self.calls.append(items)
        self.begun.set()
        assert self.go.wait(SECONDS)
        if found := self.broken.intersection(items):
            raise ValueError(f"{sorted(found)} cannot be done")
        yield
        self.cleaned.append(items)


def require_waiting(combiner: Combiner[str], number: int) -> None:
    """Fail unless so many items wait."""
    assert len(combiner._waiting) == number


def run_together(work: Work, names: str) -> list[BaseException | None]:
    """Run the first item, and the others while it is under way; the result is what each raised."""
    combiner = Combiner(work)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(combiner.run, names[0])
        assert work.begun.wait(SECONDS)
        others = [pool.submit(combiner.run, name) for name in names[1:]]
        probe_until(lambda: require_waiting(combiner, len(others)), what="the others wait")
        work.go.set()
        return [one.exception(SECONDS) for one in (first, *others)]


def test_the_first_does_not_wait_and_the_others_are_done_together() -> None:
    work = Work()

    assert run_together(work, "abc") == [None, None, None]
    assert [sorted(call) for call in work.calls] == [["a"], ["b", "c"]]
    assert sorted(map(sorted, work.cleaned)) == [["a"], ["b", "c"]]


def test_a_failure_reaches_each_caller_of_the_same_call_and_no_other() -> None:
    work = Work()
    work.broken = {"c"}

    first, second, third = run_together(work, "abc")

    assert first is None
    assert isinstance(second, ValueError)
    assert isinstance(third, ValueError)


def test_it_goes_on_after_a_failure() -> None:
    work = Work()
    work.go.set()
    work.broken = {"a"}
    combiner = Combiner(work)
    with pytest.raises(ValueError, match="cannot be done"):
        combiner.run("a")

    combiner.run("b")

    assert work.calls == [["a"], ["b"]]
