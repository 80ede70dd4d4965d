"""Scores files with a model of MLflow: what a batch deployment without a scoring script runs.

Needs MLflow and pandas, of the model's own environment. For each row of a file there is a line: number of the row,
prediction, name of the file, with commas between them.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlw.job_programs.parallel_run.scoring_folders import MODEL
from mlw.job_programs.program_errors import ProgramMistakeError

PARQUET, CSV = (".parquet", ".pqt"), ".csv"
_DESCRIPTION = "MLmodel"
_loaded: list[Any] = []


def init() -> None:
    """Load the model, once in each process.

    Raises:
        ProgramMistakeError: The environment has no MLflow.
    """
    try:
        from mlflow.pyfunc import load_model  # noqa: PLC0415 - of the environment
    except ImportError:
        raise ProgramMistakeError(
            "loading the model: the environment has no MLflow. Add `mlflow` to its packages."
        ) from None
    _loaded[:] = [load_model(str(_folder(Path(os.environ[MODEL]))))]


def _folder(place: Path) -> Path:
    found = [one.parent for one in (place / _DESCRIPTION, *sorted(place.glob(f"*/{_DESCRIPTION}"))) if one.is_file()]
    if not found:
        raise ProgramMistakeError(f"loading the model: '{place}' has no file '{_DESCRIPTION}'.")
    return found[0]


def run(mini_batch: Sequence[str]) -> list[str]:
    """Score the files, one after another."""
    return [line for path in mini_batch for line in _lines(Path(path))]


def _lines(file: Path) -> list[str]:
    model, text = _loaded[0], io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, values in enumerate(_values(model.predict(_read(file, model.metadata)))):
        writer.writerow([number, *values, file.name])
    return text.getvalue().splitlines()


def _read(file: Path, metadata: Any) -> Any:  # noqa: ANN401 - MLflow's own, a data frame
    kind = file.suffix.lower()
    if kind not in {CSV, *PARQUET}:
        raise ValueError(
            f"'{file.name}' is neither {CSV} nor {' nor '.join(PARQUET)}; other files need a scoring script "
            "(`code_configuration`)"
        )
    import pandas as pd  # noqa: PLC0415 - of the environment

    if kind != CSV:
        return pd.read_parquet(file)
    types = _types(metadata)
    columns = pd.read_csv(file, nrows=0).columns
    dates = [name for name in columns if str(types.get(name)).startswith("datetime64")]
    known = {name: type_ for name, type_ in types.items() if name in columns and name not in dates}
    return pd.read_csv(file, dtype=known, parse_dates=dates)


def _types(metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - MLflow's own, pandas' types
    """Columns of the model's signature to the types of pandas: a column of whole numbers would be read as another."""
    schema = metadata.get_input_schema()
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return {}
    pairs = zip(schema.input_names(), schema.input_types())  # noqa: B905 - Python 3.9
    return {str(name): type_.to_pandas() for name, type_ in pairs if hasattr(type_, "to_pandas")}


def _values(found: Any) -> list[list[Any]]:  # noqa: ANN401 - whatever predict() returns
    if hasattr(found, "itertuples"):
        return [list(row) for row in found.itertuples(index=False)]
    return [list(row) if isinstance(row, (list, tuple)) else [row] for row in map(_plain, _plain(found))]


def _plain(found: Any) -> Any:  # noqa: ANN401 - an array, or what is none
    return found.tolist() if hasattr(found, "tolist") else found
