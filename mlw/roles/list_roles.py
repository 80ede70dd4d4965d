"""`mlw roles list`: roles with what they allow, and who has which in a stack; from the stack file, without secrets."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from infra import settings
from infra.clients.state import stack_states
from infra.host.project import PROJECT, require_stack_file, stack_folder
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition
from infra.rules.roles.role_operations import OPERATIONS, Service
from infra.settings import RoleAssignment
from infra.settings.config_reading import read
from infra.settings.role_settings import read_definitions
from infra.stack_files.stack_file import read_stack_file
from mlw.command import DONE
from mlw.output import table, to_json

ROLE_HEADINGS = ("ROLE", "ALIAS", "WHAT IT IS")
OPERATION_HEADINGS = ("OPERATION", "ALLOWED TO", "WHAT IT ALLOWS")
NOTHING = "nothing"


def list_roles(options: argparse.Namespace) -> int:
    """Print roles, and with a stack its principals."""
    custom, assignments = _of_stack(options.stack) if options.stack else ((), ())
    roles = (*BUILT_IN, *custom)
    if options.json:
        print(to_json({"roles": [_as_json(role) for role in roles], "principals": principals(assignments)}))
    elif options.stack:
        print(_in_words(custom, assignments))
    else:
        print(f"{_roles_table(roles)}\n\n{_operations_table(roles)}")
    return DONE


def principals(assignments: Iterable[RoleAssignment]) -> list[dict[str, Any]]:
    """Everybody with a role, with what he may do in each service."""
    of: dict[str, list[RoleAssignment]] = {}
    for assignment in assignments:
        of.setdefault(assignment.principal, []).append(assignment)
    return [
        {
            "principal": principal,
            "roles": [assignment.role for assignment in held],
            "operations": _by_service({name for assignment in held for name in assignment.operations}),
        }
        for principal, held in of.items()
    ]


def _of_stack(stack: str) -> tuple[Sequence[RoleDefinition], Sequence[RoleAssignment]]:
    require_stack_file(stack)
    config = read_stack_file(stack_folder() / f"Pulumi.{stack}.yaml")
    others, accepted = stack_states.deployed(project=PROJECT, except_stack=stack), stack_states.accepted(PROJECT, stack)
    wanted = settings.load(config, stack=stack, deployed=others, accepted=accepted, folder=stack_folder())
    return read_definitions(read(config).input.role_definitions, stack_folder()).roles, wanted.role_assignments


def _by_service(operations: Iterable[str]) -> dict[str, list[str]]:
    allowed = set(operations)
    return {
        str(service): [name for name, found in OPERATIONS.items() if found.service is service and name in allowed]
        for service in Service
    }


def _as_json(role: RoleDefinition) -> dict[str, Any]:
    return {
        "name": role.name,
        "alias": role.alias or None,
        "isCustom": role.is_custom,
        "description": role.description,
        "deviation": role.deviation or None,
        "operations": _by_service(role.operations),
    }


def _in_words(custom: Sequence[RoleDefinition], assignments: Sequence[RoleAssignment]) -> str:
    """Custom roles, then a block for each principal, a line for each service."""
    blocks = [_roles_table(custom)] if custom else []
    for entry in principals(assignments):
        lines = [f"{entry['principal']} ({', '.join(entry['roles'])})"]
        for service, operations in entry["operations"].items():
            words = "; ".join(OPERATIONS[name].meaning for name in operations) or NOTHING
            lines.append(f"  {service}: {words}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) or "no principal: 'ml-workspace:roleAssignments' is empty"


def _roles_table(roles: Iterable[RoleDefinition]) -> str:
    return table(ROLE_HEADINGS, [(role.name, role.alias or "-", role.description) for role in roles])


def _operations_table(roles: Sequence[RoleDefinition]) -> str:
    rows = [
        (name, ", ".join(role.alias or role.name for role in roles if name in role.operations), operation.meaning)
        for name, operation in OPERATIONS.items()
    ]
    return table(OPERATION_HEADINGS, rows)
