"""Azure's primary metrics. Read by the command line too."""

from __future__ import annotations

from collections.abc import Mapping

from mlw.job_programs.automl.algorithms import CLASSIFICATION, REGRESSION

METRICS: Mapping[str, Mapping[str, str]] = {
    CLASSIFICATION: {
        "auc_weighted": "AUC_weighted",
        "accuracy": "accuracy",
        "norm_macro_recall": "norm_macro_recall",
        "average_precision_score_weighted": "average_precision_score_weighted",
        "precision_score_weighted": "precision_score_weighted",
    },
    REGRESSION: {
        "normalized_root_mean_squared_error": "normalized_root_mean_squared_error",
        "r2_score": "r2_score",
        "spearman_correlation": "spearman_correlation",
        "normalized_mean_absolute_error": "normalized_mean_absolute_error",
    },
}
"""Task to the name in a file to the name of the metric of the run; the first one is the default."""

ERRORS = frozenset({"normalized_root_mean_squared_error", "normalized_mean_absolute_error"})
"""Metrics of which less is better; of all others 1 is the best."""


def metric_of(task: str, name: str) -> str:
    """The metric of a run; empty if the task has none of this name."""
    wanted = name.replace("_", "").lower()
    if not wanted:
        return next(iter(METRICS[task].values()))
    return next((found for key, found in METRICS[task].items() if key.replace("_", "") == wanted), "")


def loss_of(metric: str, value: float) -> float:
    """What a search makes as small as it can."""
    return value if metric in ERRORS else 1 - value


def value_of(metric: str, loss: float) -> float:
    """The metric that a loss stands for."""
    return loss if metric in ERRORS else 1 - loss
