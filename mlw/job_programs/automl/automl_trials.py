"""The trials of a search: what each was, which may begin, and how many run at the same time. Needs no packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mlw.job_programs.automl.automl_settings import Settings
from mlw.job_programs.automl.metric_names import loss_of


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: Counted from 1.
        algorithm: Azure's name.
        score: Value of the primary metric.
        scores: All metrics.
        started: Seconds since the epoch.
    """

    number: int
    algorithm: str
    learner: str
    config: dict[str, Any]
    score: float
    scores: dict[str, float]
    started: float
    seconds: float


@dataclass
class Found:
    """What a search has found.

    Attributes:
        estimator: The best one, trained on all rows.
    """

    estimator: Any
    trials: list[Trial] = field(default_factory=list)

    def ranked(self, metric: str) -> list[Trial]:
        """Trials, the best first."""
        return sorted(self.trials, key=lambda one: loss_of(metric, one.score))


@dataclass
class TrialLimits:
    """Notes each trial that has ended, and says whether another one may begin.

    Attributes:
        tell: Called with each trial.
        begun: How many trials have begun: at first one in each process.
        is_reached: Whether a trial has reached the score that ends the search.
    """

    settings: Settings
    tell: Callable[[Trial], None]
    begun: int = 1
    trials: list[Trial] = field(default_factory=list)
    is_reached: bool = False

    def after(self, trial: Trial) -> bool:
        """Note a trial; whether the process that has tried it may begin another one."""
        numbered = replace(trial, number=len(self.trials) + 1)
        self.trials.append(numbered)
        self.tell(numbered)
        metric, wanted = self.settings.metric, self.settings.exit_score
        if wanted is not None and not self.is_reached and loss_of(metric, trial.score) <= loss_of(metric, wanted):
            print(f"exit_score {wanted} is reached", flush=True)
            self.is_reached = True
        may_begin = not self.is_reached and self.begun < self.settings.max_trials
        self.begun += may_begin
        return may_begin


@dataclass(frozen=True)
class Plan:
    """Which algorithms each process tries, and with how many threads.

    Attributes:
        groups: FLAML's names of learners.
        threads: Of a trial.
    """

    groups: tuple[tuple[str, ...], ...]
    threads: int


def plan_of(settings: Settings, processors: int) -> Plan:
    """As many processes as the settings, the CPUs, the algorithms and the trials allow."""
    learners = settings.learners
    count = min(max(settings.at_once, 1), processors, len(learners), settings.max_trials)
    count = 1 if settings.has_ensemble else count
    threads = max(1, processors // count)
    return Plan(
        groups=tuple(learners[place::count] for place in range(count)),
        threads=min(threads, settings.most_cores) if settings.most_cores > 0 else threads,
    )
