"""Which columns a model leans on: by how much its metric falls when the values of a column are shuffled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance

from mlw.job_programs.automl.automl_settings import Settings
from mlw.job_programs.automl.metric_names import loss_of
from mlw.job_programs.automl.scores import likelihoods, scores
from mlw.job_programs.automl.tables import Table

MOST_ROWS, MOST_COLUMNS = 1_000, 20
REPEATS = 3
PICTURE, NUMBERS = "feature_importance.png", "feature_importance.csv"
_SEED = 1


def explain(settings: Settings, model: Any, table: Table, classes: int, folder: Path) -> list[str]:  # noqa: ANN401
    """Write a picture and the numbers to a folder; the columns, the most important first.

    Args:
        settings: Of the job.
        model: The whole model, which takes the columns of the user's table.
        table: With these columns.
        classes: How many; 0 for a regression.
        folder: Where the files go.
    """
    rows = np.random.default_rng(_SEED).permutation(len(table.target))[:MOST_ROWS]
    inner, names = _Inner(model), [str(one) for one in table.inputs.columns]

    def goodness(_: Any, given: Any, truth: Any) -> float:  # noqa: ANN401 - as scikit-learn wants it
        return -loss_of(settings.metric, scores(settings.task, inner, given, truth, classes)[settings.metric])

    found = permutation_importance(
        inner, table.inputs.iloc[rows], table.target[rows], scoring=goodness, n_repeats=REPEATS, random_state=_SEED
    )
    order = [int(one) for one in np.argsort(-found.importances_mean)]
    lines = [f"{names[one]!r},{found.importances_mean[one]:.6g},{found.importances_std[one]:.6g}" for one in order]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NUMBERS).write_text("\n".join(["column,importance,deviation", *lines]) + "\n", encoding="utf-8")
    _draw(settings, [(names[one], float(found.importances_mean[one])) for one in order], folder)
    return [names[one] for one in order]


class _Inner:
    """A model as the metrics want it: classes are numbers."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self._model = model

    def fit(self, *_: Any) -> _Inner:  # noqa: ANN401 - as scikit-learn wants it
        return self

    def predict(self, table: Any) -> Any:  # noqa: ANN401 - an array
        return self._model.estimator.predict(self._model._numbers(table))

    def predict_proba(self, table: Any) -> Any:  # noqa: ANN401 - an array
        return likelihoods(self._model.estimator, self._model._numbers(table))


def _draw(settings: Settings, found: list[tuple[str, float]], folder: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only for the picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - likewise

    shown = found[:MOST_COLUMNS][::-1]
    figure, axes = plt.subplots(figsize=(8, 1 + 0.3 * len(shown)), layout="constrained")
    axes.barh([name for name, _ in shown], [value for _, value in shown])
    axes.set_xlabel(f"change of {settings.metric} when the column is shuffled")
    figure.savefig(folder / PICTURE, dpi=120)
    plt.close(figure)
