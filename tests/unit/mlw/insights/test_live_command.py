"""`mlw insights live`: refreshes until interrupted."""

from datetime import UTC, datetime

import pytest

from mlw.command import DONE, INTERRUPTED
from mlw.insights.live_command import sparkline
from mlw.main import main
from tests.unit.mlw.insights.fake_insights import FakeInsights


def test_refreshes_until_interrupted(
    insights: FakeInsights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pause)

    assert main(["insights", "live", "dev", "--interval", "5"]) == INTERRUPTED

    assert pauses == [5.0] * 3
    printed = capsys.readouterr().out
    assert printed.count("Time range: ") == 3
    assert "\x1b" not in printed


def test_once_prints_one_minute(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    second = datetime.now(UTC).replace(microsecond=0)
    insights.rows["live"] = [{"item": "requests", "cloud_RoleName": "web", "count": 4, "perSecond": 0.067}]
    insights.rows["requests-over-time"] = [{"timestamp": second.isoformat(), "count": 4}]

    assert main(["insights", "live", "dev", "--once"]) == DONE

    printed = capsys.readouterr().out
    assert "requests  web" in printed
    assert "Requests per second, at most 4:\n" in printed
    assert printed.count("█") == 1


@pytest.mark.parametrize(
    ("values", "line"), [([], ""), ([0, 0], "▁▁"), ([0, 5, 10], "▁▅█")], ids=["none", "zeros", "numbers"]
)
def test_sparkline_is_as_high_as_its_highest_value(values: list[int], line: str) -> None:
    assert sparkline(values) == line
