"""Azure's metrics of tables, computed with scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics

from mlw.job_programs.automl.algorithms import CLASSIFICATION
from mlw.job_programs.automl.metric_names import loss_of


def scores(task: str, model: Any, table: Any, truth: Any, classes: int = 0) -> dict[str, float]:  # noqa: ANN401 - arrays
    """Metrics of a model on a table.

    Args:
        task: Classification or regression.
        model: A fitted one.
        table: Its input.
        truth: What it should predict; numbers of classes for a classification.
        classes: How many classes there are.
    """
    if task == CLASSIFICATION:
        return _of_classes(model, table, np.asarray(truth).astype(int), classes)
    return _of_numbers(np.asarray(model.predict(table), dtype=float), np.asarray(truth, dtype=float))


def loss_function(task: str, metric: str, classes: int) -> Any:  # noqa: ANN401 - as FLAML wants it
    """What FLAML calls for each trial: the loss, and all metrics to note."""

    def evaluate(table: Any, truth: Any, model: Any, *_: Any, **__: Any) -> tuple[float, dict[str, float]]:  # noqa: ANN401
        found = scores(task, model, table, truth, classes)
        return loss_of(metric, found[metric]), found

    return evaluate


def _of_classes(model: Any, table: Any, truth: Any, classes: int) -> dict[str, float]:  # noqa: ANN401 - arrays
    predicted = np.asarray(model.predict(table)).astype(int)
    recall = metrics.recall_score(truth, predicted, average="macro", zero_division=0)
    chance = 1 / max(classes, 2)
    found = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "f1_score_weighted": metrics.f1_score(truth, predicted, average="weighted", zero_division=0),
        "norm_macro_recall": (recall - chance) / (1 - chance),
        "precision_score_weighted": metrics.precision_score(truth, predicted, average="weighted", zero_division=0),
        "recall_score_weighted": metrics.recall_score(truth, predicted, average="weighted", zero_division=0),
    }
    likely = _probabilities(model, table, predicted, classes)
    known = np.eye(classes)[truth]
    # Of a class that a fold does not have, nothing can be said.
    seen = [one for one in range(classes) if 0 < known[:, one].sum() < len(truth)]
    weights = known[:, seen].sum(axis=0)
    found["AUC_weighted"] = _weighted(metrics.roc_auc_score, known, likely, seen, weights)
    found["average_precision_score_weighted"] = _weighted(metrics.average_precision_score, known, likely, seen, weights)
    return {name: float(value) for name, value in found.items()}


def _weighted(score: Any, known: Any, likely: Any, seen: list[int], weights: Any) -> float:  # noqa: ANN401 - arrays
    if not seen:
        return 0.0
    return float(np.average([score(known[:, one], likely[:, one]) for one in seen], weights=weights))


def _probabilities(model: Any, table: Any, predicted: Any, classes: int) -> Any:  # noqa: ANN401 - arrays
    """Probability of each class; certainty of the predicted one for a model without probabilities."""
    try:
        found = likelihoods(model, table)
    except AttributeError:
        return np.eye(classes)[predicted]
    return found if found.shape[1] == classes else np.eye(classes)[predicted]


def likelihoods(model: Any, table: Any) -> Any:  # noqa: ANN401 - arrays
    """Probability of each class.

    Raises:
        AttributeError: The model has none.
    """
    # The second is what FLAML uses for scikit-learn's linear support vector machine, which has no other one.
    function = getattr(model, "predict_proba", None) or model._predict_proba_lr
    return np.asarray(function(table))


def _of_numbers(predicted: Any, truth: Any) -> dict[str, float]:  # noqa: ANN401 - arrays
    span = float(np.ptp(truth)) or 1.0
    mean, root = metrics.mean_absolute_error(truth, predicted), metrics.root_mean_squared_error(truth, predicted)
    is_constant = len(truth) < 2 or np.ptp(truth) == 0 or np.ptp(predicted) == 0  # noqa: PLR2004 - a rank needs two
    return {
        "r2_score": float(metrics.r2_score(truth, predicted)),
        "spearman_correlation": 0.0 if is_constant else _spearman(truth, predicted),
        "mean_absolute_error": float(mean),
        "normalized_mean_absolute_error": float(mean) / span,
        "root_mean_squared_error": float(root),
        "normalized_root_mean_squared_error": float(root) / span,
    }


def _spearman(truth: Any, predicted: Any) -> float:  # noqa: ANN401 - arrays
    from scipy import stats  # noqa: PLC0415 - takes a moment

    return float(stats.spearmanr(truth, predicted).statistic)
