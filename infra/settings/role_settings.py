"""Role assignments of a stack: read the role definitions, check both, and resolve roles to operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.rules.resources import component_types
from infra.rules.roles.role_assignments import check_assignments, check_own_key_vault
from infra.rules.roles.role_definition_files import RoleFile, no_file, read_roles
from infra.rules.roles.role_definitions import find_role
from infra.rules.roles.role_operations import Service, operations_in, role_services
from infra.rules.stack.stack_file_keys import NAMESPACE, missing_value
from infra.rules.violation import Violation
from infra.settings.config_reading import Reading
from infra.settings.models import RoleAssignment
from infra.settings.resolved_stack import ResolvedStack

_ASSIGNMENTS, _DEFINITIONS = f"{NAMESPACE}roleAssignments", f"{NAMESPACE}roleDefinitions"


@dataclass(frozen=True, slots=True)
class Roles:
    """The valid assignments, and the violations."""

    assignments: tuple[RoleAssignment, ...]
    violations: tuple[Violation, ...]

    def operations(self) -> dict[str, set[str]]:
        """The operations of each principal; several roles add up."""
        found: dict[str, set[str]] = {}
        for held in self.assignments:
            found.setdefault(held.principal, set()).update(held.operations)
        return found


def judge_roles(reading: Reading, stack: ResolvedStack, folder: Path) -> Roles:
    """Read and check a stack's roles.

    Args:
        reading: The stack file.
        stack: Its resources.
        folder: Base folder of the path of the role definitions.
    """
    file = read_definitions(reading.input.role_definitions, folder)
    entries = [entry.model_dump(exclude_none=True) for entry in reading.input.role_assignments]
    found = [
        *file.violations,
        *check_assignments(
            entries,
            file.roles,
            custom_is_known=not file.violations and _DEFINITIONS not in reading.unusable,
            taken=[resource.name for resource in stack.of_type(component_types.CONTAINER_REGISTRY) if resource.name],
            key=_ASSIGNMENTS,
        ),
    ]
    for index, entry in enumerate(entries):
        place = f"{_ASSIGNMENTS}[{index}]"
        for name, example in (("principal", "churn-team"), ("role", "DataScientist")):
            if name not in entry and not reading.unusable & {place, f"{place}.{name}"}:
                found.append(missing_value(f"{place}.{name}", "a role assignment requires it", f"e.g. '{example}'"))
    vault = next(iter(stack.of_type(component_types.KEY_VAULT)), None)
    if entries and vault and vault.existing_in:
        found.append(check_own_key_vault(vault.existing_in, key=_ASSIGNMENTS))
    services = role_services(
        tracking=reading.input.tracking is not None,
        computes=bool(reading.input.computes),
        inference=reading.input.inference is not None,
    )
    return Roles(() if found else _assignments(entries, file, services), tuple(found))


def closed_services(reading: Reading, stack: ResolvedStack) -> Iterator[str]:
    """One notice for each service that roles do not apply to, because another stack owns it."""
    if reading.input.role_assignments:
        for resource in stack.resources:
            if resource.existing_in and resource.type_token != component_types.STORAGE_ACCOUNT:
                yield (
                    f"ml-workspace:roleAssignments grant no access to the {resource.kind} '{resource.name}': it "
                    f"belongs to stack '{resource.existing_in}', which grants access only to its own principals."
                )


def read_definitions(path: str | None, folder: Path) -> RoleFile:
    """Read the stack's role definitions; empty if it names no file."""
    if path is None:
        return RoleFile()
    try:
        content = (folder / path).read_bytes()
    except OSError as exc:
        return no_file(path, f"the file cannot be read: {exc.strerror}", key=_DEFINITIONS)
    except ValueError as exc:
        return no_file(path, f"not a valid file name: {exc}", key=_DEFINITIONS)
    from infra.stack_files.yaml_document import (  # noqa: PLC0415 - 15 ms, needed only with a file
        DocumentError,
        decode,
        parse,
        value_of,
    )

    try:
        document = value_of(parse(decode(content)))
    except DocumentError as exc:
        return no_file(path, f"the file is neither YAML nor JSON: {exc}", key=_DEFINITIONS)
    return read_roles(document, path=path, key=_DEFINITIONS)


def _assignments(
    entries: list[dict[str, str]], file: RoleFile, services: Collection[Service]
) -> tuple[RoleAssignment, ...]:
    """The assignments; operations of services that are off are left out, as if they did not exist."""
    whole = [entry for entry in entries if entry.keys() >= {"principal", "role"}]
    roles = [(entry["principal"], find_role(entry["role"], file.roles)) for entry in whole]
    return tuple(
        RoleAssignment(principal=principal, role=role.name, operations=operations_in(services, role.operations))
        for principal, role in roles
        if role
    )
