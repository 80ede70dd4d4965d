"""A stack between being read and being judged: complete resources, and what went wrong while making them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import NamingComponents
from infra.rules.policy.evaluation import ApplicableRule, Evaluator, of_effect
from infra.rules.policy.policy_assignments import Effect
from infra.rules.policy.rule import ResourceView
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.violation import Violation


@dataclass(frozen=True, slots=True)
class ResolvedResource:
    """One resource, complete but not yet judged.

    Attributes:
        section: Where the stack file configures it, e.g. `additionalStorageAccounts[0]`.
        own_tags: The tags of its own section.
        location_key: The key that its location stands at: its own, or the one that it is inherited from.
        existing_in: The stack that owns it; empty for one of this stack's own.
        has_made_name: Whether its name is made by the naming pattern.
    """

    type_token: str
    section: str
    props: dict[str, Any]
    own_tags: dict[str, str]
    location_key: str
    existing_in: str = ""
    has_made_name: bool = False

    @property
    def kind(self) -> ResourceKind:
        """The kind of its name."""
        return COMPONENT_TYPES[self.type_token].kind

    @property
    def name(self) -> str:
        """Its name; empty if none could be made."""
        return str(self.props.get("name", ""))


@dataclass(slots=True)
class ResolvedStack:
    """All resources of a stack, the resource group first; the rules that apply; what went wrong with their names.

    Attributes:
        tags: Those that every resource inherits, as they are written.
    """

    naming: NamingComponents
    subscription: str
    evaluator: Evaluator
    tags: dict[str, str] = field(default_factory=dict)
    resources: list[ResolvedResource] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def group(self) -> ResolvedResource:
        """The resource group."""
        return self.resources[0]

    @property
    def owned(self) -> list[ResolvedResource]:
        """The resources that this stack makes itself."""
        return [resource for resource in self.resources if not resource.existing_in]

    def of_type(self, type_token: str) -> list[ResolvedResource]:
        """The resources of a type, the workspace's own before additional ones."""
        return [resource for resource in self.resources if resource.type_token == type_token]

    def view(self, resource: ResolvedResource) -> ResourceView:
        """What rules see; the resource group of an existing resource is another one."""
        in_group = resource is not self.group and not resource.existing_in
        group = ResourceView(self.group.type_token, self.group.props) if in_group else None
        return ResourceView(resource.type_token, resource.props, group)

    def locate(self, resource: ResolvedResource, violation: Violation) -> Violation:
        """A violation of one resource at the key that has to change, which may be one that it inherits from."""
        if violation.key != "location" or resource.existing_in:
            return violation.under(f"ml-workspace:{resource.section}")
        key = resource.location_key
        return replace(violation, key=key, fix=violation.fix.replace("'location'", f"'{key}'"))

    def rules(self, resource: ResolvedResource, effect: Effect | None = None) -> list[ApplicableRule]:
        """The rules that apply to a resource, also to an existing one, where this stack is; with an effect or all."""
        rules = self.evaluator.rules(self.view(resource), (self.subscription, self.group.name))
        return rules if effect is None else of_effect(rules, effect)
