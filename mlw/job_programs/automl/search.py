"""The search for the best model: FLAML, with Azure's metrics and limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flaml import AutoML
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline

from mlw.job_programs.automl.algorithms import CLASSIFICATION, azures_name
from mlw.job_programs.automl.automl_settings import Settings, cpus
from mlw.job_programs.automl.automl_trials import Trial
from mlw.job_programs.automl.metric_names import value_of
from mlw.job_programs.automl.scores import loss_function
from mlw.job_programs.automl.tables import Table

SMALL, LARGE = 1_000, 20_000
"""Rows up to which there are ten, or three, folds; above, a tenth of the rows is for validation. As in Azure."""

FEWEST_SECONDS = 5.0
"""That a search gets, however little is left."""

_SEED = 1


class _Search(AutoML):  # type: ignore[misc]
    """FLAML's search that tells of each trial, and ends when no other one may begin."""

    after: Callable[[Trial], bool]
    settings: Settings

    def _log_trial(self, search_state: Any, estimator: str) -> None:  # noqa: ANN401 - FLAML's
        """Called by FLAML after each trial."""
        super()._log_trial(search_state, estimator)
        metric = self.settings.metric
        score = value_of(metric, float(search_state.val_loss))
        noted = {name: float(one) for name, one in (search_state.metric_for_logging or {}).items()}
        trial = Trial(
            number=0,
            algorithm=azures_name(self.settings.task, estimator),
            learner=estimator,
            config=dict(search_state.config or {}),
            score=score,
            scores={**noted, metric: score},
            started=time.time() - search_state.trial_time,
            seconds=float(search_state.trial_time),
        )
        if not self.after(trial):
            self._state.time_budget = 0


def search(
    settings: Settings,
    training: Table,
    validation: Table | None,
    classes: int,
    *,
    seconds: float,
    after: Callable[[Trial], bool],
    learners: Sequence[str] = (),
    threads: int = 0,
) -> Any:  # noqa: ANN401 - a model
    """Search the best model for tables of numbers; trained on all rows, None if no trial has ended.

    Args:
        settings: Of the job.
        training: Its input columns are numbers.
        validation: Likewise; None for folds of the training table.
        classes: How many; 0 for a regression.
        seconds: How long the search may take.
        after: Called after each trial; whether another one may begin.
        learners: What is tried; empty for those of the settings.
        threads: Of a trial; 0 for all CPUs.
    """
    engine = _Search()
    engine.settings, engine.after = settings, after
    logging.getLogger("flaml.automl").setLevel(logging.INFO if settings.verbosity == "debug" else logging.ERROR)
    engine.fit(
        training.inputs,
        training.target,
        task=settings.task,
        metric=loss_function(settings.task, settings.metric, classes),
        estimator_list=list(learners or settings.learners),
        time_budget=max(seconds, FEWEST_SECONDS),
        # With one, FLAML trains a model and tries none; the search itself ends after the last trial.
        max_iter=max(2, settings.max_trials),
        train_time_limit=settings.trial_timeout_seconds or None,
        early_stop=settings.stops_early,
        ensemble=settings.has_ensemble,
        log_type="all",
        n_jobs=threads or cpus(),
        seed=_SEED,
        verbose=3 if settings.verbosity == "debug" else 0,
        mlflow_logging=False,
        **_weights(training, validation),
        **_validation(settings, training, validation),
    )
    return _plain(engine.model)


def _plain(model: Any) -> Any:  # noqa: ANN401 - a model
    """The model without FLAML around it, with the scaling that FLAML does before it."""
    estimator = getattr(model, "estimator", model)
    before = getattr(model, "normalizer", None)
    return estimator if before is None else make_pipeline(before, estimator)


def _weights(training: Table, validation: Table | None) -> dict[str, Any]:
    found = {} if training.weights is None else {"sample_weight": training.weights}
    if validation is not None and validation.weights is not None:
        found["sample_weight_val"] = validation.weights
    return found


def _validation(settings: Settings, training: Table, validation: Table | None) -> dict[str, Any]:
    """How a trial is evaluated."""
    if validation is not None:
        return {"X_val": validation.inputs, "y_val": validation.target, "eval_method": "holdout"}
    if training.splits is not None:
        return {"split_type": GivenFolds(training.splits), "eval_method": "cv", "n_splits": training.splits.shape[1]}
    rows = len(training.target)
    if settings.folds and settings.validation_size:
        chance = {"n_splits": settings.folds, "test_size": settings.validation_size, "random_state": _SEED}
        is_divisible = settings.task == CLASSIFICATION and min(np.bincount(training.target)) > 1
        return {
            "split_type": StratifiedShuffleSplit(**chance) if is_divisible else ShuffleSplit(**chance),
            "eval_method": "cv",
            "n_splits": settings.folds,
        }
    if not settings.folds and rows > LARGE:
        return {"eval_method": "holdout", "split_ratio": 0.1}
    folds = settings.folds or (10 if rows < SMALL else 3)
    return {"eval_method": "cv", "n_splits": min(folds, max(2, rows // 2))}


@dataclass(frozen=True)
class GivenFolds:
    """Folds that the table itself has, as scikit-learn and FLAML want them.

    Attributes:
        marks: A column for each fold: whether a row is for training.
    """

    marks: Any

    def get_n_splits(self, *_: Any) -> int:  # noqa: ANN401 - as scikit-learn has it
        """How many there are."""
        return int(self.marks.shape[1])

    def split(self, *_: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - as scikit-learn has it
        """Rows for training and for validation, of each fold."""
        for fold in self.marks.T:
            yield np.flatnonzero(fold), np.flatnonzero(~fold)
