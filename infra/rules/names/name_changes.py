"""Which naming component a made name was changed by: the one whose old value gives the old name.

A state holds names, not what they were made of. Everything that is made of the component changes with it, so a finding
about all of these names belongs to the component.
"""

from __future__ import annotations

from dataclasses import replace

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import NamingComponents, join_name, with_short_region
from infra.rules.names.regions import REGIONS

COMPONENTS = ("workload", "environment", "location", "instance")
_MARK = "\0"
"""Stands for a component's value; in no name."""


def changed_component(kind: ResourceKind, naming: NamingComponents, before: str) -> tuple[str, str] | None:
    """The one component that made the name ``before`` different from today's, and its value then.

    Returns:
        None where no single component explains the change.
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
    """A region's name, where ``value`` is its short code."""
    return next((region for region, code in REGIONS.items() if code == value), value)
