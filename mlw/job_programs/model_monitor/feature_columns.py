"""Which columns of two tables are compared, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlw.job_programs.model_monitor.monitor_settings import CATEGORICAL, NUMERICAL, PREDICTION_DRIFT, Signal
from mlw.job_programs.program_errors import ProgramMistakeError


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        type: `numerical` or `categorical`.
        production: Its values: numbers, or texts; missing where there was none, or one of another type.
        reference: The same of the reference data.
        rows: How many rows the production data has.
        nulls: In how many of them the value is missing.
        type_errors: In how many it is of another type.
    """

    name: str
    type: str
    production: Any
    reference: Any
    rows: int
    nulls: int
    type_errors: int


def columns_of(signal: Signal, production: Any, reference: Any) -> list[Column]:  # noqa: ANN401 - data frames
    """The columns that both have.

    Raises:
        ProgramMistakeError: One that is named is missing, or there is none.
    """
    reference = _aligned(signal, production, reference)
    wanted = list(signal.features) or [one for one in reference.columns if one in production.columns]
    problems = [
        f"'{name}' is not in the {title} data"
        for title, frame in (("production", production), ("reference", reference))
        for name in wanted
        if name not in frame.columns
    ]
    if problems or not wanted:
        raise ProgramMistakeError(
            f"comparing the data of signal '{signal.name}': {'; '.join(problems) or 'no column is in both'}. Columns "
            f"of the production data: {', '.join(production.columns)}; of the reference data: "
            f"{', '.join(reference.columns)}. Correct `features`, or the reference data."
        )
    return [_column(signal, name, production[name], reference[name]) for name in wanted]


def _aligned(signal: Signal, production: Any, reference: Any) -> Any:  # noqa: ANN401 - data frames
    """The reference data without its target; of a prediction the target is what counts."""
    target = signal.reference.target
    if not target or target not in reference.columns:
        return reference
    if signal.type != PREDICTION_DRIFT:
        return reference.drop(columns=[target])
    if target not in production.columns and len(production.columns) == 1:
        # The outputs of most models have no name.
        return reference[[target]].rename(columns={target: production.columns[0]})
    return reference


def _column(signal: Signal, name: str, production: Any, reference: Any) -> Column:  # noqa: ANN401 - series
    import pandas as pd  # noqa: PLC0415 - takes seconds

    kept = reference.dropna()
    numbers = pd.to_numeric(kept, errors="coerce")
    is_number = not kept.empty and numbers.notna().all() and not kept.map(lambda one: isinstance(one, bool)).any()
    type_ = signal.column_types.get(name) or (NUMERICAL if is_number else CATEGORICAL)
    present = production.dropna()
    if type_ == NUMERICAL:
        made, other = pd.to_numeric(present, errors="coerce"), pd.to_numeric(kept, errors="coerce")
        errors = int(made.isna().sum())
    else:
        has_texts = bool(len(kept)) and kept.map(lambda one: isinstance(one, str)).all()
        errors = int((~present.map(lambda one: isinstance(one, str))).sum()) if has_texts else 0
        made, other = present.map(_text), kept.map(_text)
    return Column(
        name=name,
        type=type_,
        production=made.dropna().reset_index(drop=True),
        reference=other.dropna().reset_index(drop=True),
        rows=len(production),
        nulls=len(production) - len(present),
        type_errors=errors,
    )


def _text(value: object) -> str:
    """A category; whole numbers are the same as integers and as floating-point numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
