"""From the columns of a table to numbers: what Azure calls featurization, made of scikit-learn's transformers.

| Column | Becomes |
|---|---|
| numbers | missing ones filled, scaled |
| few different values | one column for each of them |
| many different values | numbered |
| date and time | year, month, day, weekday, hour |
| one value only, or a different text in each row | left out |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

FEW = 20
"""Different values of a column that gets a column for each."""

_DATE, _LOOKED_AT = r"\d{4}-\d{2}-\d{2}([T ]|$)", 100
NUMBERS, WORDS, MANY_WORDS, TIMES = "numbers", "categories", "many categories", "times"
_STRATEGIES = {"mean", "median", "most_frequent", "constant"}
_AZURES_TYPES = {"numeric": NUMBERS, "float": NUMBERS, "integer": NUMBERS, "categorical": WORDS, "datetime": TIMES,
                 "categoricalhash": MANY_WORDS, "hashes": MANY_WORDS, "text": MANY_WORDS}  # fmt: skip
IGNORED = "ignore"
"""Azure's type of a column that is left out."""


@dataclass
class Columns:
    """What is done with each column.

    Attributes:
        groups: Group to its columns.
        left_out: Columns that say nothing.
    """

    groups: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def used(self) -> list[str]:
        """All that are used."""
        return [name for names in self.groups.values() for name in names]


def columns_of(table: Any, given: Mapping[str, str], *, is_off: bool = False) -> Columns:  # noqa: ANN401 - a data frame
    """Divide the columns of a table.

    Args:
        table: The input columns.
        given: Column to Azure's type, where the document says it.
        is_off: Whether nothing is left out, and words are only numbered.
    """
    found = Columns()
    for name in table.columns:
        wanted = str(given.get(name, "")).replace("_", "").lower()
        chosen = _AZURES_TYPES.get(wanted)
        is_constant = wanted == IGNORED or (not is_off and table[name].nunique() <= 1)
        group = chosen or ("" if is_constant else _group(table[name], is_off=is_off))
        if group:
            found.groups.setdefault(group, []).append(name)
        else:
            found.left_out.append(name)
    return found


def _group(column: Any, *, is_off: bool) -> str:  # noqa: ANN401 - a series
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return NUMBERS
    if pd.api.types.is_datetime64_any_dtype(column):
        return TIMES
    if column.dropna().astype(str).head(_LOOKED_AT).str.match(_DATE).all():
        return MANY_WORDS if is_off else TIMES
    return MANY_WORDS if is_off else _group_of_words(column)


def _group_of_words(column: Any) -> str:  # noqa: ANN401 - a series
    different = column.nunique()
    if different <= FEW:
        return WORDS
    return MANY_WORDS if different < 0.9 * column.count() else ""


def transformer_of(columns: Columns, imputers: Sequence[Mapping[str, Any]], *, is_off: bool = False) -> Any:  # noqa: ANN401
    """The transformer of all columns; the document's own imputers decide for their columns."""
    own = {name: one.get("parameters") or {} for one in imputers for name in one.get("fields") or ()}
    made = []
    for group, names in columns.groups.items():
        plain = [name for name in names if name not in own]
        if plain:
            made.append((group, _steps(group, {}, is_off=is_off), plain))
        made += [(f"{group} {name}", _steps(group, own[name], is_off=is_off), [name]) for name in names if name in own]
    return ColumnTransformer(made, sparse_threshold=0)


def _steps(group: str, imputer: Mapping[str, Any], *, is_off: bool) -> Any:  # noqa: ANN401 - a transformer
    strategy = str(imputer.get("strategy") or ("most_frequent" if group in {WORDS, MANY_WORDS} else "median"))
    strategy = strategy if strategy in _STRATEGIES else "most_frequent"
    if group in {WORDS, MANY_WORDS} and strategy in {"mean", "median"}:
        strategy = "most_frequent"
    filled = SimpleImputer(strategy=strategy, fill_value=imputer.get("fill_value"))
    if group == NUMBERS:
        numbers = FunctionTransformer(as_numbers)
        return make_pipeline(numbers, filled) if is_off else make_pipeline(numbers, filled, StandardScaler())
    if group == TIMES:
        return make_pipeline(FunctionTransformer(as_times), SimpleImputer(strategy="median"))
    if group == WORDS and not is_off:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    else:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(FunctionTransformer(as_words), filled, encoder)


def as_numbers(table: Any) -> Any:  # noqa: ANN401 - a data frame
    """Columns as numbers, whatever they were read as."""
    return table.apply(lambda one: pd.to_numeric(one, errors="coerce")).astype(float)


def as_words(table: Any) -> Any:  # noqa: ANN401 - a data frame
    """Columns as text; what is missing stays missing."""
    return table.apply(lambda one: one.astype(str).astype(object).where(one.notna(), float("nan")))


def as_times(table: Any) -> Any:  # noqa: ANN401 - a data frame
    """What dates and times are made of, as numbers."""
    found = {}
    for name in table.columns:
        moments = pd.to_datetime(table[name], errors="coerce")
        for what in ("year", "month", "day", "dayofweek", "hour"):
            found[f"{name} {what}"] = getattr(moments.dt, what)
    return pd.DataFrame(found, index=table.index).astype(float)
