"""Quotes of container logs: what a service said last, without the stack frames of a crash.

A service that fails to start says why in one line, and its runtime adds dozens: the frames of Go's stack, again at each
restart, and from two processes at once in a container registry. Neither helps whoever reads the error.
"""

from __future__ import annotations

import re

FRAMES = 10
"""Lines to read from a log for each line to quote."""

_FUNCTION = re.compile(r"[\w.]+[/.]\S*\(.*\)$|created by ")
_PLACE = re.compile(r"\t\S.*:\d+( \+0x[0-9a-f]+)?$")
_HEADING = re.compile(r"goroutine \d+ .*\[.*\]:$|\[signal .*\]$")


def last_lines(log: bytes, count: int) -> str:
    """The last lines of a log that say something.

    Args:
        log: End of the log; at least :data:`FRAMES` times as many lines, if there are.
        count: Lines to return at most.
    """
    kept: list[str] = []
    for line in log.decode(errors="replace").splitlines():
        if _PLACE.match(line):
            if kept and _FUNCTION.match(kept[-1]):
                kept.pop()
        elif line.strip() and not _HEADING.match(line):
            kept.append(line)
    # A crash loop says the same again and again; the last time counts.
    said = list(dict.fromkeys(reversed(kept)))[:count]
    return "\n".join(reversed(said))
