"""The tables of a job: input columns, target and weights of training, validation and test."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

from mlw.job_programs import mltable_files
from mlw.job_programs.automl.algorithms import CLASSIFICATION
from mlw.job_programs.automl.automl_settings import Settings
from mlw.job_programs.program_errors import ProgramMistakeError

_SEED = 1
_MARKS = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}
TRAINING, VALIDATION, TEST = "training_data", "validation_data", "test_data"


@dataclass
class Table:
    """One table.

    Attributes:
        inputs: Data frame of the input columns.
        target: Values of the target; for a classification the numbers of the classes.
        weights: Of the rows; None if all have the same.
        splits: A column for each fold: whether a row is for training; None to choose folds by chance.
    """

    inputs: Any
    target: Any
    weights: Any = None
    splits: Any = None


@dataclass
class Tables:
    """All tables of a job.

    Attributes:
        labels: Names of the classes; None for a regression.
    """

    training: Table
    validation: Table | None = None
    test: Table | None = None
    labels: Any = None

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for a regression."""
        return 0 if self.labels is None else len(self.labels.classes_)


def read_tables(settings: Settings) -> Tables:
    """Read the tables that the job has.

    Raises:
        ProgramMistakeError: One cannot be read, or does not have the columns that it needs.
    """
    frames = {name: _frame(name, settings) for name in (TRAINING, VALIDATION, TEST) if _place(name)}
    frame = frames[TRAINING]
    labels = LabelEncoder().fit(_words(frame[settings.target])) if settings.task == CLASSIFICATION else None
    if labels is not None and len(labels.classes_) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise ProgramMistakeError(
            f"reading the training data: column '{settings.target}' has the one value '{labels.classes_[0]}'. A "
            "classification needs at least two."
        )
    made = {name: _table(one, settings, labels, name) for name, one in frames.items()}
    found = Tables(made[TRAINING], made.get(VALIDATION), made.get(TEST), labels)
    if found.test is None and settings.test_size:
        found.training, found.test = _divided(found, settings.test_size)
    if found.validation is None and settings.validation_size and not (settings.folds or settings.split_columns):
        found.training, found.validation = _divided(found, settings.validation_size)
    return found


def _place(name: str) -> str:
    return os.environ.get(f"AZURE_ML_INPUT_{name}", "")


def _frame(name: str, settings: Settings) -> Any:  # noqa: ANN401 - a data frame
    frame = mltable_files.read(Path(_place(name)))
    frame.columns = [str(one) for one in frame.columns]
    needed = {settings.target: "target_column_name", settings.weight: "weight_column_name"}
    if name == TRAINING:
        needed.update(dict.fromkeys(settings.split_columns, "cv_split_column_names"))
        needed.update(dict.fromkeys(settings.column_types, "featurization.column_name_and_types"))
        filled = (one for given in settings.imputers for one in given.get("fields") or ())
        needed.update(dict.fromkeys(filled, "featurization.transformer_params"))
    for column, key in needed.items():
        if column and column not in frame.columns:
            raise ProgramMistakeError(
                f"reading {name}: it has no column '{column}'; columns: {', '.join(frame.columns)}. Correct `{key}`."
            )
    known = frame[frame[settings.target].notna()]
    if not len(known):
        raise ProgramMistakeError(f"reading {name}: column '{settings.target}' has no values.")
    return known.reset_index(drop=True)


def _table(frame: Any, settings: Settings, labels: Any, name: str) -> Table:  # noqa: ANN401 - a data frame
    unused = (settings.target, settings.weight, *settings.split_columns)
    inputs = frame.drop(columns=[one for one in unused if one in frame.columns])
    weights = frame[settings.weight].to_numpy(dtype=float) if settings.weight else None
    try:
        target = labels.transform(_words(frame[settings.target])) if labels is not None else _numbers(frame, settings)
    except ValueError as exc:
        raise ProgramMistakeError(f"reading column '{settings.target}' of {name}: {exc}.") from exc
    splits = _splits(frame, settings) if settings.split_columns and name == TRAINING else None
    return Table(inputs, np.asarray(target), weights, splits)


def _splits(frame: Any, settings: Settings) -> Any:  # noqa: ANN401 - a data frame, an array
    """The columns that say which rows a fold has for training."""
    found = frame[list(settings.split_columns)].apply(lambda one: one.map(_MARKS))
    for name in settings.split_columns:
        values = sorted(set(found[name]), key=str)
        if values != [False, True]:
            seen = ", ".join(sorted(map(str, frame[name].unique()))[:5])
            raise ProgramMistakeError(
                f"reading the training data: the values of column '{name}' of `cv_split_column_names` are {seen}; it "
                "has to have 1 in rows for training, and 0 in rows for validation."
            )
    return found.to_numpy(dtype=bool)


def _words(column: Any) -> Any:  # noqa: ANN401 - a series
    """Classes as they are, or as text where they are mixed."""
    return column.to_numpy() if column.dtype.kind in "iub" else column.astype(str).to_numpy()


def _numbers(frame: Any, settings: Settings) -> Any:  # noqa: ANN401 - a data frame
    return frame[settings.target].to_numpy(dtype=float)


def _divided(tables: Tables, size: float) -> tuple[Table, Table]:
    """The training table without a part, and that part."""
    whole = tables.training
    rows = np.arange(len(whole.target))
    counts = np.bincount(whole.target) if tables.classes else np.array([0])
    together = whole.target if counts.min() > 1 else None
    first, second = train_test_split(rows, test_size=size, random_state=_SEED, stratify=together)
    return _rows(whole, first), _rows(whole, second)


def _rows(table: Table, rows: Any) -> Table:  # noqa: ANN401 - an array
    weights = None if table.weights is None else table.weights[rows]
    splits = None if table.splits is None else table.splits[rows]
    return Table(table.inputs.iloc[rows].reset_index(drop=True), table.target[rows], weights, splits)
