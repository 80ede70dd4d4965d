"""Values over time as characters."""

import math

import pytest

from infra.host import streams
from mlw.tracking.sparklines import sparkline


@pytest.fixture(autouse=True)
def _unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "can_write", lambda _text: True)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([1.0], ""),
        ([1.0, 2.0], "▁█"),
        ([2.0, 2.0, 2.0], "▁▁▁"),
        ([0.0, math.nan, 7.0], "▁ █"),
        ([math.nan, math.inf], ""),
        ([-1.0, 0.0, 1.0], "▁▅█"),
    ],
)
def test_a_line_goes_from_the_lowest_to_the_highest_value(values: list[float], line: str) -> None:
    assert sparkline(values) == line


def test_many_values_share_characters() -> None:
    line = sparkline([float(value) for value in range(1000)], width=8)

    assert line == "▁▂▃▄▅▆▇█"


def test_an_output_without_bars_gets_plain_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "can_write", lambda _text: False)

    assert sparkline([0.0, 1.0]) == "_#"
