"""The model that is kept: featurization and estimator in one, which takes and gives what the user's table has.

Its classes are stored with the model (cloudpickle, by value), so that it can be loaded without this program.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin


class TableRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model of numbers."""

    _estimator_type = "regressor"

    def __init__(self, featurization: Any = None, estimator: Any = None, columns: Any = None) -> None:  # noqa: ANN401
        self.featurization = featurization
        self.estimator = estimator
        self.columns = columns

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, *_: Any) -> TableRegressor:  # noqa: ANN401 - as scikit-learn has it
        """It is fitted already."""
        return self

    def predict(self, table: Any) -> Any:  # noqa: ANN401 - a data frame, an array
        """Predict numbers."""
        return np.asarray(self.estimator.predict(self._numbers(table)))

    def _numbers(self, table: Any) -> Any:  # noqa: ANN401 - a data frame, an array
        return np.asarray(self.featurization.transform(table[list(self.columns)]), dtype=float)


class TableClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A model of classes."""

    _estimator_type = "classifier"

    def __init__(
        self,
        featurization: Any = None,  # noqa: ANN401 - scikit-learn's
        estimator: Any = None,  # noqa: ANN401
        columns: Any = None,  # noqa: ANN401
        classes: Any = None,  # noqa: ANN401
    ) -> None:
        self.featurization = featurization
        self.estimator = estimator
        self.columns = columns
        self.classes = classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> Any:  # noqa: ANN401 - an array
        """The classes, as the table has them."""
        return np.asarray(self.classes)

    def fit(self, *_: Any) -> TableClassifier:  # noqa: ANN401 - as scikit-learn has it
        """It is fitted already."""
        return self

    def predict(self, table: Any) -> Any:  # noqa: ANN401 - a data frame, an array
        """Predict classes."""
        return self.classes_[np.asarray(self.estimator.predict(self._numbers(table))).astype(int)]

    def predict_proba(self, table: Any) -> Any:  # noqa: ANN401 - a data frame, an array
        """Predict the probability of each class."""
        return np.asarray(self.estimator.predict_proba(self._numbers(table)))

    def _numbers(self, table: Any) -> Any:  # noqa: ANN401 - a data frame, an array
        return np.asarray(self.featurization.transform(table[list(self.columns)]), dtype=float)
