"""Find the naming component whose change explains a changed default name: with its old value it gives the old name.

A state holds names, not their components. All names made from a component change with it, so a violation about these
names belongs to the component.
"""

from __future__ import annotations

from dataclasses import replace

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import NamingComponents, join_name, with_short_region
from infra.rules.names.regions import REGIONS

COMPONENTS = ("workload", "environment", "location", "instance")
_MARK = "\0"
"""Placeholder for a component's value; never occurs in a name."""


def changed_component(kind: ResourceKind, naming: NamingComponents, before: str) -> tuple[str, str] | None:
    """The component that makes the name ``before`` differ from the current one, and its old value.

    Returns:
        None if no single component explains the change.
    """
    for form in (naming, with_short_region(naming)):
        for component in COMPONENTS:
            start, _, end = join_name(kind, replace(form, **{component: _MARK})).partition(_MARK)
            value = before[len(start) : len(before) - len(end)]
            known = _full_region(value) if component == "location" else value
            if value and before == start + value + end and known != getattr(naming, component):
                return component, known
    return None


def _full_region(value: str) -> str:
    """The region's name if ``value`` is its short code; otherwise ``value``."""
    return next((region for region, code in REGIONS.items() if code == value), value)
