"""What a panel is: a part of the page with an address of its own, a template, and a function that reads its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mlw.insights.time_ranges import TimeRange, time_range
from mlw.studio.stack_access import StackAccess

RANGE = ("offset", "start", "end")
"""Parameters of a time range, as in `mlw insights`."""


class Group(StrEnum):
    """Heading of panels in the navigation."""

    WORKSPACE = "Workspace"
    TRACKING = "Experiments and models"
    JOBS = "Jobs"
    INSIGHTS = "Application insights"
    OPERATION = "Operation"
    DATA = "Data and access"


@dataclass(frozen=True, kw_only=True, slots=True)
class PanelRequest:
    """What a panel gets.

    Attributes:
        access: The stack and its services.
        parameters: Parameters of the address, which are the panel's whole state.
        now: The present time, the same for the whole page.
    """

    access: StackAccess
    parameters: Mapping[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def time_range(self) -> TimeRange:
        """The range that the address names; by default the last 24 hours.

        Raises:
            TimeRangeError: It cannot be understood.
        """
        given = self.range_parameters
        return time_range(offset=given.get("offset"), start=given.get("start"), end=given.get("end"), now=self.now)

    @property
    def range_parameters(self) -> dict[str, str]:
        """Those parameters that make the range; a length is only used without a start."""
        given = {name: self.parameters[name] for name in RANGE if self.parameters.get(name)}
        return {name: value for name, value in given.items() if name != "offset" or "start" not in given}

    def text(self, name: str, default: str = "") -> str:
        """Read a parameter."""
        return self.parameters.get(name, default)


Load = Callable[[PanelRequest], Mapping[str, Any]]
Submit = Callable[[PanelRequest, Mapping[str, str]], Mapping[str, Any] | str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        key: Last part of its address.
        about: One sentence below the title.
        template: File in `templates`.
        load: Reads the data. An :class:`~infra.errors.MlWorkspaceError` is shown in the panel's place.
        has_range: Whether it shows a time range, which the address can change.
        submit: Does what a form of it asks for; returns what the panel shows then, or an address to go to.
    """

    key: str
    title: str
    about: str
    group: Group
    icon: str
    template: str
    load: Load
    has_range: bool = False
    submit: Submit | None = None
