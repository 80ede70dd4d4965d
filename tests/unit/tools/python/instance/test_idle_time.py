"""When an instance is idle."""

import datetime as dt
import threading
from types import SimpleNamespace

import pytest

from tools.python.instance.instance import idle_time
from tools.python.instance.instance.idle_time import Activity, IdleStop

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def activity(*, now: float = 100, kernels: tuple[object, ...] = (), terminals: tuple[object, ...] = ()) -> Activity:
    return Activity(kernels=lambda: kernels, terminals=lambda: terminals, now=lambda: after(now), last=START)


def test_without_any_activity_it_is_idle_since_its_start() -> None:
    assert activity().idle_seconds() == 100


@pytest.mark.parametrize(
    ("method", "path", "idle"),
    [
        ("GET", "/api/contents", 100),
        ("GET", "/api/kernels", 100),
        ("HEAD", "/api/status", 100),
        ("PUT", "/api/contents/a.ipynb", 0),
        ("POST", "/api/sessions", 0),
        ("GET", "/lab/tree/a.ipynb", 0),
        ("GET", "/login/once", 0),
    ],
)
def test_an_open_page_that_only_reads_is_no_activity(method: str, path: str, idle: float) -> None:
    found = activity()

    found.note_request(method, path)

    assert found.idle_seconds() == idle


def test_a_busy_kernel_is_never_idle_and_the_time_counts_from_its_end() -> None:
    kernel = SimpleNamespace(execution_state="busy", last_activity=START)
    found = activity(kernels=(kernel,))

    assert found.idle_seconds() == 0
    kernel.execution_state = "idle"
    assert found.idle_seconds() == 0, "it was busy until now"


def test_the_last_of_kernels_and_terminals_counts() -> None:
    kernels = (SimpleNamespace(execution_state="idle", last_activity=after(40)), SimpleNamespace(last_activity=None))
    terminals = (SimpleNamespace(last_activity=after(70)), SimpleNamespace())

    assert activity(kernels=kernels).idle_seconds() == 60
    assert activity(kernels=kernels, terminals=terminals).idle_seconds() == 30


def test_an_idle_instance_is_stopped_once() -> None:
    stops: list[int] = []
    limits = iter([0, 101, 100, 100, 100])
    found = IdleStop(activity=activity(), limit=lambda: next(limits), stop=lambda: stops.append(1), end=lambda _: None)

    for stopped in ([], [], [1], [1], [1]):
        found.check()
        assert stops == stopped


def test_what_still_waits_ends_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_time, "END_SECONDS", 0.01)
    ended, codes = threading.Event(), list[int]()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    IdleStop(activity=activity(), limit=lambda: 1, stop=lambda: None, end=end).check()

    assert ended.wait(10)
    assert codes == [0], "another code would restart the container"
