"""The search space of a sweep: what each parameter can be.

A point of the space has a coordinate between 0 and 1 for each parameter. The distribution of a parameter is the
function from its coordinate to its value, so that every algorithm only has to choose coordinates.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from mlw.sweeps.sweep_errors import SweepError

Scalar = str | int | float | bool
Value = Scalar | Mapping[str, "Value"]
_EDGE = 1e-9
_DIGITS = 12

_BETWEEN = ("uniform", "loguniform", "quniform", "qloguniform")
_AROUND = ("normal", "lognormal", "qnormal", "qlognormal")
TYPES = ("choice", "randint", *_BETWEEN, *_AROUND)
"""Azure's parameter expressions."""

CONSTANT = "constant"
"""Type of what a mapping says without an expression; it has no coordinate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        type: One of :data:`TYPES`, or a constant.
        values: Of a choice; one that is a mapping is its parameters.
        low: Smallest value of a range, or the mean of a normal distribution; before the exponential function.
        high: Likewise the largest value, or the standard deviation.
        step: Values are multiples of it; 0 for any.
    """

    name: str
    type: str
    values: tuple[Scalar | tuple[Parameter, ...], ...] = ()
    low: float = 0
    high: float = 0
    step: float = 0

    @property
    def choices(self) -> int:
        """How many values without an order it has; 0 for values with one."""
        return len(self.values) if self.type == "choice" else 0

    @property
    def levels(self) -> Sequence[Value] | None:
        """All values; None if it has more than can be listed."""
        if self.type in {"choice", CONSTANT}:
            listed = [_levels_of_value(one) for one in self.values]
            return None if None in listed else [one for found in listed for one in found or ()]
        if self.type == "randint":
            return range(int(self.high))
        if self.type == "quniform":
            first, last = (round(one / self.step) for one in (self.low, self.high))
            return sorted({self._stepped(number * self.step) for number in range(first, last + 1)})
        return None

    def value(self, coordinate: float) -> Value:
        """The value at a coordinate; not of a choice."""
        if self.type == "randint":
            return min(int(coordinate * self.high), int(self.high) - 1)
        if self.type in _BETWEEN:
            place = self.low + coordinate * (self.high - self.low)
        else:
            place = NormalDist(self.low, self.high).inv_cdf(min(max(coordinate, _EDGE), 1 - _EDGE))
        place = math.exp(place) if "log" in self.type else place
        return self._stepped(place) if self.step else place

    def _stepped(self, place: float) -> int | float:
        """The nearest multiple of the step, in the range; without a point if it is a whole number."""
        found = round(place / self.step) * self.step
        if self.type == "quniform":
            found = min(max(found, self.low), self.high)
        found = round(found, _DIGITS)
        return int(found) if found.is_integer() else found


def _levels_of_value(value: Scalar | tuple[Parameter, ...]) -> list[Value] | None:
    """All values that a value of a choice stands for; None if it has more than can be listed."""
    if not isinstance(value, tuple):
        return [value]
    levels = [one.levels for one in value]
    if None in levels:
        return None
    names = [one.name for one in value]
    return [dict(zip(names, found, strict=True)) for found in itertools.product(*(one or () for one in levels))]


def read_space(document: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Read the search space of a file.

    Raises:
        SweepError: A parameter is wrong.
    """
    if not document:
        raise SweepError("search_space has no parameters. Add at least one, e.g. `C: {type: uniform, ...}`.")
    return tuple(_parameter(str(name), one) for name, one in document.items())


def _parameter(name: str, document: Mapping[str, Any]) -> Parameter:
    type_ = str(document.get("type") or "").lower()
    if type_ == "choice":
        return Parameter(name=name, type=type_, values=_values(name, document.get("values") or ()))
    if type_ == "randint":
        upper = _number(name, document, "upper")
        _require(upper >= 1, f"search_space.{name}: upper is {upper:g}; it must be 1 or more")
        return Parameter(name=name, type=type_, high=upper)
    if type_ not in TYPES:
        raise SweepError(f"search_space.{name}: type '{type_}' is not known; allowed: {', '.join(sorted(TYPES))}.")
    step = _number(name, document, "q") if type_.startswith("q") else 0
    _require(not type_.startswith("q") or step > 0, f"search_space.{name}: q is {step:g}; it must be more than 0")
    if type_ in _BETWEEN:
        low, high = (_number(name, document, key) for key in ("min_value", "max_value"))
        _require(low < high, f"search_space.{name}: min_value {low:g} must be less than max_value {high:g}")
    else:
        low, high = (_number(name, document, key) for key in ("mu", "sigma"))
        _require(high > 0, f"search_space.{name}: sigma is {high:g}; it must be more than 0")
    return Parameter(name=name, type=type_, low=low, high=high, step=step)


def _values(name: str, values: Sequence[Any]) -> tuple[Scalar | tuple[Parameter, ...], ...]:
    _require(bool(values), f"search_space.{name}: a choice needs at least one value")
    return tuple(_mapping(name, one) if isinstance(one, Mapping) else _scalar(name, one) for one in values)


def _mapping(name: str, document: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """A value of a choice with parameters of its own."""
    _require(bool(document), f"search_space.{name}: a value of the choice is an empty mapping")
    return tuple(
        replace(_parameter(f"{name}.{key}", one), name=str(key))
        if isinstance(one, Mapping)
        else Parameter(name=str(key), type=CONSTANT, values=(_scalar(f"{name}.{key}", one),))
        for key, one in document.items()
    )


def _scalar(name: str, value: object) -> Scalar:
    if not isinstance(value, str | int | float):
        raise SweepError(f"search_space.{name}: {value!r} is not a value; allowed: a text, a number, a boolean.")
    return value


def _number(name: str, document: Mapping[str, Any], key: str) -> float:
    try:
        return float(document[key])
    except (KeyError, TypeError, ValueError):
        raise SweepError(f"search_space.{name}: {key} is {document.get(key)!r}; it must be a number.") from None


def _require(condition: bool, problem: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise SweepError(f"{problem}.")
