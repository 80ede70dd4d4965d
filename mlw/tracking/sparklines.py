"""Values over time as one line of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from infra.host import streams

_BARS, _PLAIN = "▁▂▃▄▅▆▇█", "_.-=*#"
WIDTH = 24


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw values in their order, at most `width` characters; a gap for what is not a number.

    Several values that share a character are averaged. With an output that cannot show the bars, plain characters are
    used.
    """
    means = [_mean(values[start:end]) for start, end in _groups(len(values), width)]
    finite = [value for value in means if math.isfinite(value)]
    if len(values) < 2 or not finite:  # noqa: PLR2004 - one value is no line
        return ""
    levels = _BARS if streams.can_write(_BARS) else _PLAIN
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return "".join(
        levels[round((value - low) / span * (len(levels) - 1))] if math.isfinite(value) else " " for value in means
    ).rstrip()


def _groups(count: int, width: int) -> list[tuple[int, int]]:
    size = min(count, width)
    return [(number * count // size, (number + 1) * count // size) for number in range(size)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan
