"""Computes of a stack: check them with what they need, and give each the role of its jobs."""

from __future__ import annotations

from collections.abc import Iterator

from infra.rules.computes import compute_rules
from infra.rules.computes.compute_properties import principal_of
from infra.rules.computes.compute_rules import LOCAL, ComputeType
from infra.rules.computes.instance_rules import INSTANCE, check_users
from infra.rules.resources import component_types, tracking
from infra.rules.roles.role_definitions import COMPUTE_IDENTITY
from infra.rules.roles.role_operations import operations_in, role_services
from infra.rules.stack.stack_file_keys import NAMESPACE, missing_value
from infra.rules.tags.tag_limits import check_tags
from infra.rules.violation import Violation, covers
from infra.settings.config_reading import Reading
from infra.settings.models import RoleAssignment
from infra.settings.resolved_stack import ResolvedStack
from infra.settings.role_settings import Roles
from infra.settings.stack_input import StackInput

_ASSIGNMENTS = f"{NAMESPACE}roleAssignments"


def judge_computes(reading: Reading, stack: ResolvedStack, roles: Roles) -> Iterator[Violation]:
    """All violations in a stack's computes.

    Args:
        reading: The stack file.
        stack: Its resources.
        roles: The role assignments; if they break rules, users of instances are not checked.
    """
    key, unusable = compute_rules.KEY, reading.unusable
    computes = [compute.model_dump(exclude_none=True, by_alias=True) for compute in reading.input.computes]
    yield from compute_rules.check_computes(computes, key=key)
    for index, compute in enumerate(computes):
        prefix = f"{key}[{index}]"
        for name, example in (("name", "cpu-cluster"), ("type", ComputeType.AML_COMPUTE)):
            if name not in compute and not unusable & {prefix, f"{prefix}.{name}"}:
                yield missing_value(f"{prefix}.{name}", "a compute requires it", f"e.g. '{example}'")
        if compute.get("type") == ComputeType.VIRTUAL_MACHINE and "address" not in compute:
            key_of_address = f"{prefix}.address"
            if not unusable & {prefix, key_of_address}:
                yield missing_value(key_of_address, "an attached engine requires it", "e.g. 'ssh://ml@lab.example.org'")
        yield from (violation.under(prefix) for violation in check_tags(compute.get("tags", {})))
    if not roles.violations:
        yield from check_users(computes, roles.operations(), key=key, unusable=unusable)
    vault = next(iter(stack.of_type(component_types.KEY_VAULT)), None)
    yield from compute_rules.check_needs(
        computes,
        # A section with a mistake is still one.
        tracking=reading.input.tracking is not None or any(covers(tracking.KEY, wrong) for wrong in unusable),
        vault_owner=vault.existing_in if vault else "",
    )
    assignments = [entry.model_dump(exclude_none=True) for entry in reading.input.role_assignments]
    yield from compute_rules.check_principals(computes, assignments, key=_ASSIGNMENTS)


def roles_of_computes(given: StackInput) -> tuple[RoleAssignment, ...]:
    """The role of each cluster's principal; with computes, also of that of `local`. An instance acts as its user."""
    if not given.computes:
        return ()
    entries = [compute.model_dump() for compute in given.computes]
    services = role_services(tracking=given.tracking is not None, computes=True)
    operations = operations_in(services, COMPUTE_IDENTITY.operations)
    return tuple(
        RoleAssignment(principal=principal_of(name), role=COMPUTE_IDENTITY.name, operations=operations)
        for name in (LOCAL, *(entry["name"] for entry in entries if entry["type"] != INSTANCE))
    )
