"""Compares columns with Evidently: distances of distributions, and shares of wrong values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlw.job_programs.model_monitor.feature_columns import Column
from mlw.job_programs.model_monitor.monitor_settings import (
    DATA_QUALITY,
    METHODS,
    NULLS,
    NUMERICAL,
    OUT_OF_BOUNDS,
    P_VALUES,
    TYPE_ERRORS,
    Signal,
)

Key = tuple[str, str]
"""Names of a column and of a metric."""


@dataclass(frozen=True)
class Check:
    """One metric of one column.

    Attributes:
        is_crossed: Whether the value is beyond the threshold.
    """

    signal: str
    feature: str
    metric: str
    value: float
    threshold: float
    is_crossed: bool


def checks_of(signal: Signal, columns: Sequence[Column]) -> tuple[list[Check], Any]:
    """All metrics of a signal, and Evidently's report on them; None for the report if no column has values."""
    compared = [one for one in columns if len(one.production) and len(one.reference)]
    metrics = {key: made for one in compared for key, made in _metrics(signal, one)}
    snapshot = _run(list(metrics.values()), compared) if metrics else None
    values = {}
    if snapshot is not None:
        found = json.loads(snapshot.json())["metrics"]
        given = ((key, _number(one["value"])) for key, one in zip(metrics, found))  # noqa: B905 - Python 3.9
        values = {key: value for key, value in given if math.isfinite(value)}
        for name, metric in metrics.keys() - values.keys():
            print(f"signal '{signal.name}': {metric} of '{name}' cannot be computed", flush=True)
    if signal.type == DATA_QUALITY:
        values.update({(one.name, NULLS): one.nulls / one.rows for one in columns})
        values.update({(one.name, TYPE_ERRORS): one.type_errors / one.rows for one in columns})
    checks = [
        _check(signal, one.name, metric, values[one.name, metric], threshold)
        for one in columns
        for metric, threshold in signal.thresholds(one.type).items()
        if (one.name, metric) in values
    ]
    return checks, snapshot


def _metrics(signal: Signal, column: Column) -> Iterator[tuple[Key, Any]]:
    """Evidently's metrics of a column."""
    from evidently.metrics import OutListValueCount, OutRangeValueCount, ValueDrift  # noqa: PLC0415 - takes seconds

    thresholds, name = signal.thresholds(column.type), column.name
    if signal.type != DATA_QUALITY:
        for metric, threshold in thresholds.items():
            method = METHODS[column.type][metric]
            yield (name, metric), ValueDrift(column=name, method=method, threshold=threshold)
    elif OUT_OF_BOUNDS in thresholds and column.type == NUMERICAL:
        low, high = float(column.reference.min()), float(column.reference.max())
        yield (name, OUT_OF_BOUNDS), OutRangeValueCount(column=name, left=low, right=high)
    elif OUT_OF_BOUNDS in thresholds:
        yield (name, OUT_OF_BOUNDS), OutListValueCount(column=name, values=sorted(set(column.reference)))


def _run(metrics: Sequence[Any], columns: Sequence[Column]) -> Any:  # noqa: ANN401 - Evidently's
    import pandas as pd  # noqa: PLC0415 - likewise
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - likewise

    names = {
        is_number: [one.name for one in columns if (one.type == NUMERICAL) is is_number] for is_number in (True, False)
    }
    definition = DataDefinition(numerical_columns=names[True], categorical_columns=names[False])
    # Columns have values for different numbers of rows; Evidently leaves out what is missing.
    production, reference = (
        Dataset.from_pandas(pd.concat([getattr(one, part).rename(one.name) for one in columns], axis=1), definition)
        for part in ("production", "reference")
    )
    return Report(list(metrics)).run(production, reference)


def _number(value: Any) -> float:  # noqa: ANN401 - JSON
    found = value.get("share") if isinstance(value, dict) else value
    return math.nan if found is None else float(found)


def _check(signal: Signal, feature: str, metric: str, value: float, threshold: float) -> Check:
    crossed = value < threshold if metric in P_VALUES else value > threshold
    return Check(signal.name, feature, metric, value, threshold, crossed)
