"""Properties with a fixed set of values; a violation proposes the nearest allowed value."""

from __future__ import annotations

from collections.abc import Iterator

from infra.rules.policy.rule import ResourceView
from infra.rules.violation import Violation, one_of


def check_allowed(resource: ResourceView, key: str, allowed: tuple[object, ...], found: str) -> Iterator[Violation]:
    """A violation, described by ``found``, if the property ``key`` has a value that is not ``allowed``."""
    value = resource.props.get(key)
    if value is None or value in allowed:
        return
    near = nearest(value, allowed)
    shown = f"'{near}'" if isinstance(near, str) else str(near)
    yield Violation(key=key, value=value, found=found, allowed=one_of(allowed), fix=f"set '{key}' to {shown}")


def nearest(value: object, allowed: tuple[object, ...]) -> object:
    """The nearest number, the same string in another case, or else the first of ``allowed``."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return min(allowed, key=lambda number: abs(float(str(number)) - value) if isinstance(number, int) else 0.0)
    return next((name for name in allowed if str(name).lower() == str(value).lower()), allowed[0])
