"""Chooses the parameters of the next trial of a sweep, from those of all trials before it.

Nothing is kept between two calls, so that a new runner continues where a killed one was. Random and grid sampling
need no packages; Sobol and Bayesian sampling use those of :data:`infra.host.package_folders.SEARCH`, in a process of
its own.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from infra.host.package_folders import SEARCH
from mlw.sweeps.search_points import coordinates_of, values_at
from mlw.sweeps.search_space import Parameter, Value
from mlw.sweeps.sweep_errors import SweepError

PROGRAM = Path(__file__).with_name("sampling_program.py")
RANDOM, SOBOL, GRID, BAYESIAN = "random", "sobol", "grid", "bayesian"
ALGORITHMS = (RANDOM, GRID, BAYESIAN)
_QUOTED_LINES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Parameters of one trial.

    Attributes:
        coordinates: Where it is in the search space; empty for a point of a grid.
    """

    parameters: Mapping[str, Value]
    coordinates: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PastTrial:
    """What is known of a trial.

    Attributes:
        score: Its best value of the primary metric; None for none.
    """

    coordinates: tuple[float, ...]
    score: float | None
    is_running: bool


@dataclass(kw_only=True)
class Sampling:
    """Chooses the points of one sweep.

    Attributes:
        algorithm: random, sobol, grid or bayesian.
        maximize: Whether a higher score is better.
    """

    space: tuple[Parameter, ...]
    algorithm: str
    seed: int
    maximize: bool
    report: Callable[[str], None] = lambda _line: None
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def point(self, number: int, past: Sequence[PastTrial]) -> Point | None:
        """The point of a trial; None if a grid has no more.

        Raises:
            SweepError: The process that chooses it failed.
            HostError: Its packages cannot be installed.
        """
        if self.algorithm == GRID:
            return self._of_grid(number)
        if self.algorithm == RANDOM:
            chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 - no secret
            coordinates = tuple(chance.random() for _ in coordinates_of(self.space))
        else:
            coordinates = self._asked(number, past)
        return Point(parameters=values_at(self.space, coordinates), coordinates=coordinates)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _of_grid(self, number: int) -> Point | None:
        """The last parameter changes first, as in nested loops."""
        found: dict[str, Value] = {}
        for one in reversed(self.space):
            levels = levels_of(one)
            number, place = divmod(number, len(levels))
            found[one.name] = levels[place]
        return None if number else Point(parameters={one.name: found[one.name] for one in self.space})

    def _asked(self, number: int, past: Sequence[PastTrial]) -> tuple[float, ...]:
        places = coordinates_of(self.space)
        request = {
            "algorithm": self.algorithm,
            "seed": self.seed,
            "number": number,
            "maximize": self.maximize,
            "choices": [one.choices for one in places],
            "needs": [one.needs for one in places],
            "past": [
                {"coordinates": one.coordinates, "score": one.score, "is_running": one.is_running} for one in past
            ],
        }
        process = self._process = self._process or _started(SEARCH.ensure(self.report))
        requests, responses = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        try:
            requests.write(f"{json.dumps(request)}\n")
            requests.flush()
            line = responses.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._process = None
            said = "\n".join(f"  | {one}" for one in process.communicate()[1].splitlines()[-_QUOTED_LINES:])
            raise SweepError(
                f"choosing the parameters of trial {number}: the program that searches them ended with exit code "
                f"{process.returncode}. Its last lines:\n{said}"
            )
        return tuple(json.loads(line))


def levels_of(parameter: Parameter) -> Sequence[Value]:
    """All values of a parameter of a grid.

    Raises:
        SweepError: It has too many.
    """
    if (found := parameter.levels) is None:
        raise SweepError(
            f"search_space.{parameter.name}: grid sampling cannot list the values of type '{parameter.type}'; allowed: "
            "choice, randint, quniform. Use sampling_algorithm: random."
        )
    return found


def grid_size(space: Sequence[Parameter]) -> int:
    """How many points a grid has."""
    return math.prod(len(levels_of(one)) for one in space)


def read_algorithm(given: object) -> tuple[str, int | None]:
    """Algorithm and seed of a file.

    Raises:
        SweepError: There is no such algorithm.
    """
    document: Mapping[str, Any] = given if isinstance(given, Mapping) else {"type": given or RANDOM}
    name = str(document.get("type") or "").lower()
    if name not in ALGORITHMS:
        raise SweepError(f"sampling_algorithm is '{name}'; allowed: {', '.join(ALGORITHMS)}.")
    if name == RANDOM and str(document.get("rule") or "").lower() == SOBOL:
        name = SOBOL
    seed = document.get("seed")
    return name, None if seed is None else int(seed)


def _started(packages: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(PROGRAM), str(packages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
