import pytest

from tests.unit.tools.bootstrap.waiting import wait_until
from tools.bootstrap.progress import StepProgress, elapsed
from tools.bootstrap.remaining_time import RemainingTime


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a step that does nothing takes time too."""
    monkeypatch.setattr(StepProgress, "_seconds", lambda _self: 0.04)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.7, "1 min 00 s"), (245, "4 min 05 s")],
    ids=["nothing", "below ten", "seconds", "rounded up to a minute", "minutes"],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


@pytest.mark.usefixtures("_at_once")
def test_a_line_names_step_total_and_tool(lines: list[str]) -> None:
    progress = StepProgress(2, 7, "Pulumi CLI", out=lines.append)
    progress.report("building")
    progress.done("built")
    assert lines == ["[2/7] Pulumi CLI: building", "[2/7] Pulumi CLI: built (0.0 s)"]


@pytest.mark.usefixtures("_at_once")
def test_a_line_says_how_long_the_whole_run_still_takes(lines: list[str]) -> None:
    remaining = RemainingTime(["python"])
    progress = StepProgress(2, 7, "Pulumi CLI", out=lines.append, remaining=remaining)
    progress.done("built")
    remaining.end("python", built=False)
    progress.done("built")
    assert lines == ["[2/7] Pulumi CLI: built (0.0 s; less than a minute left)", "[2/7] Pulumi CLI: built (0.0 s)"]


@pytest.mark.usefixtures("_at_once")
def test_a_long_step_shows_that_it_lives(lines: list[str]) -> None:
    progress = StepProgress(1, 1, "Tool", out=lines.append)
    progress.report("building")
    with progress.signs_of_life(every=0.01):
        wait_until(lambda: len(lines) > 2)
    assert set(lines[1:]) == {"[1/1] Tool: building … 0.0 s"}


def test_signs_of_life_end_with_the_step(lines: list[str]) -> None:
    with StepProgress(1, 1, "Tool", out=lines.append).signs_of_life(every=0.01):
        wait_until(lambda: bool(lines))
    told = len(lines)
    with pytest.raises(AssertionError, match="did not come true"):
        wait_until(lambda: len(lines) > told, seconds=0.05)
