"""Find the key of the stack file that caused a rejected change of a resource.

Names are generated from naming components, ids from subscription, group and name. So a change of one key changes
properties of every resource that the stack file does not mention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from infra.rules.names.name_changes import changed_component
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.stack.stack_file_keys import NAMESPACE
from infra.rules.violation import Violation, quote
from infra.settings.resolved_stack import ResolvedResource, ResolvedStack

WORKLOAD = f"{NAMESPACE}workload"
IDENTITY = "resourceId"

Props = Mapping[str, object]


def changed_key(
    violation: Violation, stack: ResolvedStack, resource: ResolvedResource, name: str, before: Props
) -> Violation:
    """Move the violation to the key that must be set back.

    Args:
        violation: The violation that rejects the change.
        stack: The wanted stack.
        resource: The resource that would change.
        name: The property that would change.
        before: The resource's current properties.
    """
    if name == "name":
        return _of_name(violation, stack, resource, str(before.get("name", "")))
    if name == IDENTITY:
        return _of_identity(violation, stack, resource, before)
    associated = next((one for one in stack.resources if one.section == name), None)
    if associated is not None:
        return _of_identity(violation, stack, associated, {IDENTITY: before.get(name, "")})
    return violation


def _of_name(violation: Violation, stack: ResolvedStack, resource: ResolvedResource, before: str) -> Violation:
    """The change of a name, reported for the component that it is generated from."""
    if resource.existing_in:
        return replace(violation, key=f"{NAMESPACE}{resource.section}.existing", value=resource.name)
    found = changed_component(resource.kind, stack.naming, before) if resource.has_made_name else None
    if found is None:
        key = f"{NAMESPACE}{resource.section}.name"
        is_told_there = violation.value == resource.name
        return replace(violation, key=key) if is_told_there else _was(violation, key, resource.name, before)
    component, value = found
    return _was(violation, f"{NAMESPACE}{component}", getattr(stack.naming, component), value)


def _of_identity(violation: Violation, stack: ResolvedStack, resource: ResolvedResource, before: Props) -> Violation:
    """The change of an id: of its name, its subscription, or its resource group."""
    try:
        held = parse_resource_id(str(before[IDENTITY]))
    except ValueError:
        return violation
    if held.name.lower() != resource.name.lower() or resource.existing_in:
        return _of_name(violation, stack, resource, held.name)
    if held.subscription.lower() != stack.subscription.lower():
        return _was(violation, f"{NAMESPACE}subscription", stack.subscription, held.subscription)
    return _of_name(violation, stack, stack.group, held.resource_group)


def _was(violation: Violation, key: str, value: str, before: str) -> Violation:
    shown = quote(before)
    found = f"it was {shown}; changing it would replace resources and delete their data"
    return replace(violation, key=key, value=value, found=found, allowed=shown, fix=f"set it back to {shown}")
