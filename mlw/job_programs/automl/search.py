"""The search for the best model: FLAML, with Azure's metrics and limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flaml import AutoML

from mlw.job_programs.automl.algorithms import azures_name
from mlw.job_programs.automl.automl_settings import Settings, cpus
from mlw.job_programs.automl.metric_names import loss_of, value_of
from mlw.job_programs.automl.scores import loss_function
from mlw.job_programs.automl.tables import Table

SMALL, LARGE = 1_000, 20_000
"""Rows up to which there are ten, or three, folds; above, a tenth of the rows is for validation. As in Azure."""

FEWEST_SECONDS = 5.0
"""That a search gets, however little is left."""

_SEED = 1


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


class _Search(AutoML):  # type: ignore[misc]
    """FLAML's search that tells of each trial, and ends at a score."""

    tell: Callable[[Trial], None]
    settings: Settings

    def _log_trial(self, search_state: Any, estimator: str) -> None:  # noqa: ANN401 - FLAML's
        """Called by FLAML after each trial."""
        super()._log_trial(search_state, estimator)
        metric = self.settings.metric
        score = value_of(metric, float(search_state.val_loss))
        noted = {name: float(one) for name, one in (search_state.metric_for_logging or {}).items()}
        trial = Trial(
            number=sum(self._iter_per_learner.values()),
            algorithm=azures_name(self.settings.task, estimator),
            learner=estimator,
            config=dict(search_state.config or {}),
            score=score,
            scores={**noted, metric: score},
            started=time.time() - search_state.trial_time,
            seconds=float(search_state.trial_time),
        )
        self.tell(trial)
        wanted = self.settings.exit_score
        if wanted is not None and loss_of(metric, score) <= loss_of(metric, wanted):
            print(f"exit_score {wanted} is reached", flush=True)
            self._state.time_budget = 0
        if trial.number >= self.settings.max_trials:
            self._state.time_budget = 0


def search(
    settings: Settings,
    training: Table,
    validation: Table | None,
    classes: int,
    *,
    seconds: float,
    tell: Callable[[Trial], None],
) -> Found:
    """Search the best model for tables of numbers.

    Args:
        settings: Of the job.
        training: Its input columns are numbers.
        validation: Likewise; None for folds of the training table.
        classes: How many; 0 for a regression.
        seconds: How long the search may take.
        tell: Called after each trial.
    """
    trials: list[Trial] = []

    def told(trial: Trial) -> None:
        trials.append(trial)
        tell(trial)

    engine = _Search()
    engine.settings, engine.tell = settings, told
    logging.getLogger("flaml.automl").setLevel(logging.INFO if settings.verbosity == "debug" else logging.ERROR)
    engine.fit(
        training.inputs,
        training.target,
        task=settings.task,
        metric=loss_function(settings.task, settings.metric, classes),
        estimator_list=list(settings.learners),
        time_budget=max(seconds, FEWEST_SECONDS),
        # With one, FLAML trains a model and tries none; the search itself ends after the last trial.
        max_iter=max(2, settings.max_trials),
        train_time_limit=settings.trial_timeout_seconds or None,
        early_stop=settings.stops_early,
        ensemble=settings.has_ensemble,
        log_type="all",
        n_jobs=cpus(),
        seed=_SEED,
        verbose=3 if settings.verbosity == "debug" else 0,
        mlflow_logging=False,
        **_weights(training, validation),
        **_validation(settings, training, validation),
    )
    model = engine.model
    return Found(estimator=getattr(model, "estimator", model), trials=trials)


def _weights(training: Table, validation: Table | None) -> dict[str, Any]:
    found = {} if training.weights is None else {"sample_weight": training.weights}
    if validation is not None and validation.weights is not None:
        found["sample_weight_val"] = validation.weights
    return found


def _validation(settings: Settings, training: Table, validation: Table | None) -> dict[str, Any]:
    """How a trial is evaluated."""
    if validation is not None:
        return {"X_val": validation.inputs, "y_val": validation.target, "eval_method": "holdout"}
    rows = len(training.target)
    if not settings.folds and rows > LARGE:
        return {"eval_method": "holdout", "split_ratio": 0.1}
    folds = settings.folds or (10 if rows < SMALL else 3)
    return {"eval_method": "cv", "n_splits": min(folds, max(2, rows // 2))}
