import pytest

from tools.bootstrap import versions
from tools.bootstrap.images import image_table
from tools.bootstrap.images.ensure import job
from tools.bootstrap.remaining_time import BUILDS, SECONDS, RemainingTime


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def run(clock: Clock) -> RemainingTime:
    """A run in which everything is missing."""
    return RemainingTime(SECONDS, clock=clock)


def build(run: RemainingTime, clock: Clock, job: str, *, times: float) -> None:
    """Let a build take a multiple of the time that it should."""
    run.begin(job)
    clock.now += SECONDS[job] * times
    run.end(job, built=True)


def test_every_tool_and_image_has_an_estimate() -> None:
    assert set(BUILDS) == {tool.name for tool in versions.tools()} | set(map(job, image_table.load()))


def test_at_first_the_estimate_is_that_of_another_machine_and_says_so(run: RemainingTime) -> None:
    assert run.seconds() == sum(SECONDS.values())
    assert str(run).endswith("min left if everything has to be built")


def test_a_build_that_took_twice_as_long_doubles_the_other_builds(run: RemainingTime, clock: Clock) -> None:
    build(run, clock, "pulumi", times=2)
    builds = sum(BUILDS.values()) - BUILDS["pulumi"]
    assert run.seconds() == pytest.approx(SECONDS["python"] + SECONDS["engine"] + 2 * builds)
    assert "if" not in str(run)


def test_a_running_build_counts_down(run: RemainingTime, clock: Clock) -> None:
    run.begin("pulumi")
    before = run.seconds()
    clock.now += 30
    assert run.seconds() == pytest.approx(before - 30)


def test_a_running_build_that_is_late_delays_the_others_too(run: RemainingTime, clock: Clock) -> None:
    run.begin("pulumi")
    clock.now += 3 * BUILDS["pulumi"]
    others = sum(BUILDS.values()) - BUILDS["pulumi"]
    assert run.seconds() == pytest.approx(SECONDS["python"] + SECONDS["engine"] + 3 * others)


def test_a_slow_installation_says_nothing_about_builds(run: RemainingTime, clock: Clock) -> None:
    run.begin("python")
    clock.now += 10 * SECONDS["python"]
    assert run.seconds() == sum(SECONDS.values()) - SECONDS["python"]


def test_a_download_says_nothing_about_builds(run: RemainingTime, clock: Clock) -> None:
    run.begin("pulumi")
    clock.now += 1
    run.end("pulumi", built=False)
    assert run.seconds() == sum(SECONDS.values()) - SECONDS["pulumi"]
    assert str(run).endswith("if everything has to be built")


def test_minutes_are_rounded_up(clock: Clock) -> None:
    run = RemainingTime(["pulumi", "minio", "vault"], clock=clock)
    build(run, clock, "pulumi", times=1)
    assert str(run) == f"about {-(-(SECONDS['minio'] + SECONDS['vault']) // 60)} min left"


def test_the_last_minute_is_not_counted(clock: Clock) -> None:
    run = RemainingTime(["python"], clock=clock)
    assert str(run) == "less than a minute left"


def test_nothing_is_said_when_nothing_is_left(clock: Clock) -> None:
    run = RemainingTime(["python"], clock=clock)
    run.end("python", built=False)
    assert str(run) == ""
    assert str(RemainingTime()) == ""


def test_a_job_that_was_not_announced_changes_nothing(clock: Clock) -> None:
    """A binary that an earlier run has built only has to become an image."""
    run = RemainingTime(["vault", "registry"], clock=clock)
    run.begin("minio")
    clock.now += 3
    run.end("minio", built=True)
    build(run, clock, "vault", times=1)
    assert run.seconds() == SECONDS["registry"]
