"""Compares measured coverage with the floor in `pyproject.toml`: `make coverage`.

The floor (`fail_under`, in percent) only rises. A run that measures a whole point more raises it. A floor below one
that was committed before is an error, so that an edit is not enough to lower it.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = "pyproject.toml"
FLOOR = re.compile(r"^fail_under = (\d+)", re.MULTILINE)


def floor_in(text: str) -> int:
    """The floor that a `pyproject.toml` sets; 0 without one."""
    found = FLOOR.search(text)
    return int(found[1]) if found else 0


def committed_floors(root: Path = ROOT) -> list[int]:
    """Every floor in the history of the current branch; empty outside of a git checkout."""
    log = _git(root, "log", "--format=", "--unified=0", "--patch", "-G", "^fail_under", "--", PROJECT)
    return [int(floor) for floor in re.findall(r"^\+fail_under = (\d+)", log, re.MULTILINE)]


def problems(measured: float, floor: int, committed: Iterable[int]) -> list[str]:
    """What is wrong with a measured coverage and a floor, one line each."""
    found = []
    highest = max(committed, default=0)
    if floor < highest:
        found.append(
            f"the floor in {PROJECT} is {floor} %, but it was {highest} % before; set 'fail_under = {highest}'"
        )
    if measured < floor:
        found.append(f"coverage is {measured:.2f} %, below the floor of {floor} % in {PROJECT}; test what you added")
    return found


def raised(text: str, measured: float) -> str:
    """The text of `pyproject.toml` with the floor raised to the whole percents that were measured."""
    reached = math.floor(measured)
    return FLOOR.sub(f"fail_under = {reached}", text) if reached > floor_in(text) else text


def main(report: Path, root: Path = ROOT, say: Callable[[str], object] = print) -> int:
    """Check the JSON report of `coverage json`; return the exit code."""
    measured = float(json.loads(report.read_text(encoding="utf-8"))["totals"]["percent_covered"])
    file = root / PROJECT
    text = file.read_text(encoding="utf-8")
    floor = floor_in(text)
    if found := problems(measured, floor, committed_floors(root)):
        for problem in found:
            say(f"coverage: {problem}")
        return 1
    say(f"coverage: {measured:.2f} %, floor {floor} %")
    if (higher := raised(text, measured)) != text:
        file.write_text(higher, encoding="utf-8")
        say(f"coverage: raised the floor to {floor_in(higher)} %; commit {PROJECT}")
    return 0


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
