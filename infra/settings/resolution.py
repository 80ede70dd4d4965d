"""A stack between being read and being judged: complete resources, and what went wrong while making them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import NameParts
from infra.rules.policy.organization_rules import GROUP_LOCATION
from infra.rules.policy.policy_assignments import AssignedRule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.violation import Violation


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource, complete but not yet judged.

    Attributes:
        section: Where the stack file configures it, e.g. `additionalStorageAccounts[0]`.
        own_tags: The tags of its own section.
        own_location: True if its own section says where it lies.
        existing_in: The stack that owns it; empty for one of this stack's own.
        group_location: Where the resource group lies; empty for another stack's.
    """

    type_token: str
    section: str
    props: dict[str, Any]
    own_tags: dict[str, str]
    own_location: bool
    existing_in: str = ""
    group_location: str = ""

    @property
    def judged(self) -> dict[str, Any]:
        """What rules see: its properties, and where its resource group lies."""
        return self.props | ({GROUP_LOCATION: self.group_location} if self.group_location else {})

    @property
    def kind(self) -> ResourceKind:
        """The kind of its name."""
        return COMPONENT_TYPES[self.type_token].kind

    @property
    def name(self) -> str:
        """Its name; empty if none could be made."""
        return str(self.props.get("name", ""))


@dataclass(slots=True)
class Resolution:
    """All resources of a stack, the resource group first; what holds for them; what went wrong with their names."""

    parts: NameParts
    subscription: str
    effective: list[AssignedRule] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    @property
    def owned(self) -> list[Draft]:
        """The resources that this stack makes itself."""
        return [draft for draft in self.drafts if not draft.existing_in]

    def of_type(self, type_token: str) -> list[Draft]:
        """The resources of a type, the workspace's own before additional ones."""
        return [draft for draft in self.drafts if draft.type_token == type_token]
