"""Points of a search space: from coordinates to values.

A value of a choice can be a mapping with parameters of its own. They have coordinates too, which count only if this
value is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mlw.sweeps.search_space import CONSTANT, Parameter, Scalar, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Coordinate:
    """One coordinate of a space.

    Attributes:
        choices: How many values without an order it stands for; 0 for values with one.
        needs: Place of the choice, and its value, that it belongs to; None if it always counts.
    """

    choices: int
    needs: tuple[int, int] | None = None


def coordinates_of(space: Sequence[Parameter]) -> list[Coordinate]:
    """All coordinates, a choice before those of its values."""
    found: list[Coordinate] = []

    def add(parameters: Sequence[Parameter], needs: tuple[int, int] | None) -> None:
        for one in parameters:
            if one.type == CONSTANT:
                continue
            place = len(found)
            found.append(Coordinate(choices=one.choices, needs=needs))
            for number, value in enumerate(one.values):
                if isinstance(value, tuple):
                    add(value, (place, number))

    add(space, None)
    return found


def values_at(space: Sequence[Parameter], coordinates: Sequence[float]) -> dict[str, Value]:
    """The values of all parameters at a point."""
    return _values_of(space, iter(coordinates))


def _values_of(space: Sequence[Parameter], left: Iterator[float]) -> dict[str, Value]:
    return {one.name: _value_of(one, left) for one in space}


def _value_of(parameter: Parameter, left: Iterator[float]) -> Value:
    """Take the coordinates of a parameter, also those of the values that are not chosen."""
    if parameter.type == CONSTANT:
        return cast("Scalar", parameter.values[0])
    coordinate = next(left)
    if parameter.type != "choice":
        return parameter.value(coordinate)
    all_ = [_values_of(one, left) if isinstance(one, tuple) else one for one in parameter.values]
    return all_[min(int(coordinate * len(all_)), len(all_) - 1)]


def parameter_of(document: Mapping[str, Any]) -> Parameter:
    """Read what :func:`dataclasses.asdict` writes, also if it is JSON."""
    values = (tuple(map(parameter_of, one)) if isinstance(one, list | tuple) else one for one in document["values"])
    return Parameter(**{**document, "values": tuple(values)})


def flat(values: Mapping[str, Value], before: str = "") -> dict[str, Scalar]:
    """Values with one name each; of those in a mapping it is `parameter.name`."""
    found: dict[str, Scalar] = {}
    for name, value in values.items():
        found.update(flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value})
    return found
