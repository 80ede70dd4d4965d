"""Resources that other stacks have deployed: how to find one, and which of them this stack may use as existing.

Pure: the caller passes the deployed resources. A workspace may use a resource of another stack instead of its own
(M1: associated resources may already exist, in the same subscription as the workspace).
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
    "settings-existing-require-deployed", "An existing resource has been deployed by another stack of the backend."
)
ALONE = StackRule("settings-existing-forbid-properties", "No property is set on a resource that another stack owns.")
SAME_SUBSCRIPTION = StackRule(
    "settings-existing-require-same-subscription", "An existing resource is in the workspace's own subscription (M1)."
)


@dataclass(frozen=True)
class Deployed:
    """A component in a stack's state.

    Attributes:
        complete: Whether an `up` of its stack has succeeded, so that it has endpoints and credentials.
        kept_until: When the retention of its soft-deleted stack ends; empty if it is not soft-deleted.
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
        """The kind of its name."""
        return COMPONENT_TYPES[self.type].kind


def find_deployed(reference: str, type_token: str, deployed: Iterable[Deployed]) -> Deployed | None:
    """Find the resource that a reference names.

    Args:
        reference: A full resource id, or a stack (``prod``, ``organization/ml-workspace/prod``) for the resource that
            this stack's own workspace uses.
        type_token: The wanted component type.
        deployed: Components of the other stacks.
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
    """Violations in a reference to a resource of another stack.

    Args:
        reference: As in :func:`find_deployed`.
        type_token: The wanted component type.
        deployed: Components of the other stacks.
        subscription: The workspace's subscription.
        others: Properties that are set together with the reference.
        key: The key of the reference.
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
    """Names of the stacks whose workspace uses a resource, in alphabetical order."""
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
    """Names that other stacks use, for the uniqueness check."""
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
        found=f"no stack of this backend has this {kind}",
        allowed=ids or f"none: no other stack has a {kind}",
        fix=(f"set '{key}' to one of these, or " if ids else "") + f"remove it to give the stack its own {kind}",
    )


def _not_complete(found: Deployed, key: str) -> Violation:
    return Violation(
        rule=RULE,
        key=key,
        value=found.resource_id,
        found=f"its stack '{found.stack}' has never been deployed successfully",
        allowed="a resource of a stack that is up",
        fix=f"run `make up STACK={found.stack}` first",
    )


def _deleted(found: Deployed, key: str) -> Violation:
    return Violation(
        rule=RULE,
        key=key,
        value=found.resource_id,
        found=f"its stack '{found.stack}' is soft-deleted and kept until {found.kept_until}",
        allowed="a resource of a stack that is up",
        fix=f"run `mlw deleted recover {found.stack}` first",
    )


def _not_alone(key: str, name: str) -> Violation:
    section = key.rpartition(".")[0]
    return Violation(
        rule=ALONE,
        key=f"{section}.{name}",
        value=None,
        found="the resource belongs to another stack, and only that stack can set its properties",
        allowed="only 'existing'",
        fix=f"remove '{section}.{name}', or remove '{key}' to give the stack its own resource",
    )


def _elsewhere(found: Deployed, subscription: str, key: str) -> Violation:
    return Violation(
        rule=SAME_SUBSCRIPTION,
        key=key,
        value=found.resource_id,
        found="it is not in the workspace's subscription",
        allowed=f"a resource in the subscription '{subscription}' (in any resource group)",
        fix=f"set '{key}' to a resource of this subscription",
    )
