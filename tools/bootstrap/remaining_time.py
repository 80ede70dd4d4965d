"""How long a run of the bootstrap still takes.

The estimate starts from what each job took on one machine where everything had to be built. As soon as a build has
finished here, or takes longer than that, the other builds are scaled accordingly. What a network will deliver is not
known: a job that turns out to be a download ends sooner than announced.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

INSTALLATIONS = {"python": 30, "engine": 40}
BUILDS = {
    "pulumi": 120,
    "pulumi-language-python": 5,
    "pulumi-resource-docker": 25,
    "minio": 90,
    "registry": 35,
    "vault": 75,
    "collector": 30,
    "insights": 45,
    "inference": 60,
    "python-image": 10,
    "tracking-image": 25,
    "instance-image": 60,
}
"""Seconds on 2 idle cores with an empty cache, in this order: builds reuse what earlier ones compiled."""
SECONDS = INSTALLATIONS | BUILDS
MINUTE = 60


class RemainingTime:
    """An estimate that follows a run: what is still to do, and how fast this machine builds."""

    def __init__(self, jobs: Iterable[str] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = {job: float(SECONDS[job]) for job in jobs}
        self._clock = clock
        self._running = ""
        self._began = 0.0
        self._expected = self._measured = 0.0
        """Of all builds that have finished here."""

    def begin(self, job: str) -> None:
        """Note that a job starts."""
        self._running, self._began = job, self._clock()

    def end(self, job: str, *, built: bool) -> None:
        """Note that a job is done; only one that was built says how fast this machine is."""
        expected = self._left.pop(job, 0.0)
        if built and expected and job == self._running:
            self._expected += expected
            self._measured += self._passed()
        self._running = ""

    def seconds(self) -> float:
        """How long everything that is not done yet will take."""
        pace = self._pace()
        costs = {job: cost * (pace if job in BUILDS else 1.0) for job, cost in self._left.items()}
        running = costs.pop(self._running, 0.0)
        return sum(costs.values()) + max(running - self._passed(), 0.0)

    def __str__(self) -> str:
        """Words for the user; empty when nothing is left."""
        if not self._left:
            return ""
        seconds = self.seconds()
        left = "less than a minute left" if seconds < MINUTE else f"about {math.ceil(seconds / MINUTE)} min left"
        is_guess = not self._expected and any(job in BUILDS for job in self._left)
        return f"{left} if everything has to be built" if is_guess else left

    def _pace(self) -> float:
        """How many times as long as expected builds take here."""
        measured, expected = self._measured, self._expected
        pace = measured / expected if expected else 1.0
        running = self._left.get(self._running, 0.0) if self._running in BUILDS else 0.0
        if running and self._passed() > running * pace:
            pace = (measured + self._passed()) / (expected + running)
        return pace

    def _passed(self) -> float:
        return self._clock() - self._began
