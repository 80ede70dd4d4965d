"""Writes `docs/reliability.md`: `python -m tools.docs.reliability_reference RESULTS...`.

The results are files that `make test ARGS=--reliability=FILE` and `make soak ARGS=--reliability=FILE` write. A test
fails when a test that provokes a fault is not on the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

FILE = Path(__file__).parents[2] / "docs" / "reliability.md"

_HEAD = """# Reliability

Made by `python -m tools.docs.reliability_reference` from the results of `make test ARGS=--reliability=FILE` and of
`make soak`; do not edit. Each line is a test on the real engine and the real services. What clients had acknowledged
before the fault is read back afterwards and compared; what the engine, the state backend and the home hold in the end
is compared with what they held before the run.

| Faults tried | Survived | Objects lost | Left over |
|---|---|---|---|
"""
_COLUMNS = "| What is done | What holds | Cases | Survived |\n|---|---|---|---|\n"


class Result(TypedDict):
    """One case of one test, as the tests write it."""

    file: str
    test: str
    case: str
    done: str
    holds: str
    survived: bool | None


def read(paths: Iterable[Path]) -> list[Result]:
    """Read files of results; of a case that several have tried, the last counts."""
    found: dict[tuple[str, str, str], Result] = {}
    for path in paths:
        for result in json.loads(path.read_text(encoding="utf-8")):
            key = result["file"], result["test"], result["case"]
            if key not in found or result["survived"] is not None:
                found[key] = result
    return [found[key] for key in sorted(found)]


def render(results: Sequence[Result]) -> str:
    """The whole document."""
    tried = [result["survived"] for result in results if result["survived"] is not None]
    loss = "0" if all(tried) else "see the faults that were not survived"
    lines = [_HEAD, f"| {len(tried)} | {sum(tried)} | {loss} | {loss} |\n"]
    for file in dict.fromkeys(result["file"] for result in results):
        lines.append(f"\n## {_title(file)}\n\n`{file}`\n\n{_COLUMNS}")
        in_file = [result for result in results if result["file"] == file]
        for test in dict.fromkeys(result["test"] for result in in_file):
            lines.append(_row([result for result in in_file if result["test"] == test]))
    return "".join(lines)


def _title(file: str) -> str:
    return Path(file).stem.removeprefix("test_").replace("_", " ").capitalize()


def _row(cases: Sequence[Result]) -> str:
    names = ", ".join(case["case"] for case in cases if case["case"])
    failed = [case["case"] or "it" for case in cases if case["survived"] is False]
    untried = [case["case"] or "it" for case in cases if case["survived"] is None]
    verdict = f"no: {', '.join(failed)}" if failed else "yes"
    if untried and not failed:
        verdict = "not tried yet" if len(untried) == len(cases) else f"yes; not tried yet: {', '.join(untried)}"
    return f"| {cases[0]['done']} | {cases[0]['holds']} | {names} | {verdict} |\n"


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: python -m tools.docs.reliability_reference RESULTS...")
    FILE.write_text(render(read(map(Path, sys.argv[1:]))), encoding="utf-8")
