"""What a panel is: a part of the page with an address of its own, a template, and a function that reads its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlw.studio.stack_access import StackAccess


class Group(StrEnum):
    """Heading of panels in the navigation."""

    WORKSPACE = "Workspace"
    INSIGHTS = "Application insights"
    OPERATION = "Operation"
    DATA = "Data and access"


@dataclass(frozen=True, kw_only=True, slots=True)
class PanelRequest:
    """What a panel gets.

    Attributes:
        access: The stack and its services.
        parameters: Parameters of the address, which are the panel's whole state.
    """

    access: StackAccess
    parameters: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Read a parameter."""
        return self.parameters.get(name, default)


Load = Callable[[PanelRequest], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        key: Last part of its address.
        about: One sentence below the title.
        template: File in `templates`.
        load: Reads the data. An :class:`~infra.errors.MlWorkspaceError` is shown in the panel's place.
        has_range: Whether it shows a time range, which the address can change.
    """

    key: str
    title: str
    about: str
    group: Group
    icon: str
    template: str
    load: Load
    has_range: bool = False
