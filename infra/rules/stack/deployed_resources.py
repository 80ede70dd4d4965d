"""Resources that other stacks have deployed: how one is found again, and what this stack may use as existing.

Pure: what is deployed is given. A workspace may be tied to a resource of another stack instead of one of its own
(M1: the associated resources may exist already, in the same subscription as the workspace).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.uniqueness import Named
from infra.rules.policy.rule import StackRule
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.resources.resource_ids import name_scope, parse_resource_id
from infra.rules.violation import Violation

RULE = StackRule(
    "settings-existing-require-deployed", "An existing resource is deployed by another stack of the backend."
)
ALONE = StackRule("settings-existing-forbid-properties", "Nothing is set on a resource that another stack owns.")
SAME_SUBSCRIPTION = StackRule(
    "settings-existing-require-same-subscription", "An existing resource is in the workspace's own subscription (M1)."
)


@dataclass(frozen=True)
class Deployed:
    """A component that a stack's state holds.

    Attributes:
        complete: Whether an `up` of its stack has ended well, so that it has endpoints and credentials.
        kept_until: How long its stack is kept, which is soft-deleted; empty for one that is not.
    """

    stack: str
    type: str
    properties: Mapping[str, Any]
    complete: bool = True
    kept_until: str = ""

    @property
    def name(self) -> str:
        """Name of the Azure resource."""
        return str(self.properties.get("name", ""))

    @property
    def resource_id(self) -> str:
        """Full Azure-style id."""
        return str(self.properties.get("resourceId", ""))

    @property
    def kind(self) -> ResourceKind:
        """Kind of its name."""
        return COMPONENT_TYPES[self.type].kind


def find_deployed(reference: str, type_token: str, deployed: Iterable[Deployed]) -> Deployed | None:
    """The resource that a reference means.

    Args:
        reference: A full resource id, or a stack (``prod``, ``organization/ml-workspace/prod``) for the resource that
            this stack's own workspace is tied to.
        type_token: The component type that is wanted.
        deployed: What the other stacks have.
    """
    stack = reference.rpartition("/")[2]
    for candidate in deployed:
        if candidate.type != type_token:
            continue
        if reference.startswith("/"):
            if candidate.resource_id.casefold() == reference.casefold():
                return candidate
        elif candidate.stack == stack and candidate.properties.get("role") != "additional":
            return candidate
    return None


def check_existing(
    reference: str, type_token: str, deployed: Iterable[Deployed], *, subscription: str, others: Iterable[str], key: str
) -> list[Violation]:
    """Violations by a reference to a resource of another stack.

    Args:
        reference: As in :func:`find_deployed`.
        type_token: The component type that is wanted.
        deployed: What the other stacks have.
        subscription: The workspace's own.
        others: Properties that are given beside the reference.
        key: Where the reference is written.
    """
    known = [candidate for candidate in deployed if candidate.type == type_token]
    found = find_deployed(reference, type_token, known)
    violations = [_not_alone(key, name) for name in others]
    if found is None:
        violations.append(_not_deployed(reference, COMPONENT_TYPES[type_token].kind, known, key))
    elif found.kept_until:
        violations.append(_deleted(found, key))
    elif not found.complete:
        violations.append(_not_complete(found, key))
    elif parse_resource_id(found.resource_id).subscription.lower() != subscription.lower():
        violations.append(_elsewhere(found, subscription, key))
    return violations


def users_of(resource_id: str, deployed: Iterable[Deployed]) -> list[str]:
    """Names of the stacks with a workspace that is tied to a resource, in alphabetical order."""
    wanted = resource_id.casefold()
    return sorted(
        {
            component.stack
            for component in deployed
            for key, value in component.properties.items()
            if key != "resourceId" and isinstance(value, str) and value.casefold() == wanted
        }
    )


def names_in_use(deployed: Iterable[Deployed]) -> list[Named]:
    """Names that other stacks have, for the check of uniqueness."""
    return [
        Named(
            kind=component.kind,
            name=component.name,
            scope=name_scope(component.resource_id),
            owner=f"stack '{component.stack}'",
            kept_until=component.kept_until,
            stack=component.stack,
        )
        for component in deployed
        if component.type in COMPONENT_TYPES and component.name
    ]


def _not_deployed(reference: str, kind: ResourceKind, known: list[Deployed], key: str) -> Violation:
    ids = ", ".join(sorted(f"'{candidate.resource_id}' (stack '{candidate.stack}')" for candidate in known))
    return Violation(
        rule=RULE,
        key=key,
        value=reference,
        found=f"no stack of this backend has such a {kind}",
        allowed=ids or f"none: no other stack has a {kind}",
        fix=(f"set '{key}' to one of these, or " if ids else "") + f"leave it out for a {kind} of the stack's own",
    )


def _not_complete(found: Deployed, key: str) -> Violation:
    return Violation(
        rule=RULE,
        key=key,
        value=found.resource_id,
        found=f"no `up` of its stack '{found.stack}' has ended well yet",
        allowed="a resource of a stack that is up",
        fix=f"run `make up STACK={found.stack}` first",
    )


def _deleted(found: Deployed, key: str) -> Violation:
    return Violation(
        rule=RULE,
        key=key,
        value=found.resource_id,
        found=f"its stack '{found.stack}' is soft-deleted, and kept until {found.kept_until}",
        allowed="a resource of a stack that is up",
        fix=f"run `mlw deleted recover {found.stack}` first",
    )


def _not_alone(key: str, name: str) -> Violation:
    section = key.rpartition(".")[0]
    return Violation(
        rule=ALONE,
        key=f"{section}.{name}",
        value=None,
        found="the resource belongs to another stack, which alone sets its properties",
        allowed="'existing' and nothing beside it",
        fix=f"remove '{section}.{name}', or remove '{key}' for a resource of the stack's own",
    )


def _elsewhere(found: Deployed, subscription: str, key: str) -> Violation:
    return Violation(
        rule=SAME_SUBSCRIPTION,
        key=key,
        value=found.resource_id,
        found="it is in another subscription than the workspace",
        allowed=f"a resource of the subscription '{subscription}' (the resource group may be another)",
        fix=f"set '{key}' to a resource of this subscription",
    )
