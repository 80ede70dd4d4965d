"""`mlw roles list`: lists roles and their assignments in a stack; from the stack file, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from infra.host.project import stack_folder
from infra.rules.roles.role_definitions import BUILT_IN, RoleDefinition
from infra.rules.roles.role_operations import OPERATIONS, Service, role_services
from infra.settings import RoleAssignment
from infra.settings.config_reading import read
from infra.settings.role_settings import read_definitions
from infra.stack_files.stack_file import read_stack_file
from mlw.command import DONE, FAILED, command
from mlw.command_options import stack_names
from mlw.data_output import Format, Output, prints_data
from mlw.output import table
from mlw.roles.principal_rights import settings_of

ROLE_HEADINGS = ("ROLE", "ALIAS", "DESCRIPTION")
OPERATION_HEADINGS = ("OPERATION", "ALLOWED TO", "DESCRIPTION")
NOTHING = "nothing"


@command(
    examples=("mlw roles list", "mlw roles list dev", "mlw roles list dev --query 'principals[].principal' -o tsv"),
    exit_codes={DONE: "listed", FAILED: "no such stack, or its file is not valid"},
)
@click.argument(
    "stack",
    metavar="[STACK]",
    required=False,
    shell_complete=stack_names,
    help="Name of the stack, as in stacks/Pulumi.STACK.yaml.",
)
@prints_data(Format.TABLE, has_json_flag=True)
def list_roles(stack: str | None, output: Output) -> int:
    """List roles, what they allow, and who has them.

    Without a stack: every built-in role with its operations. With a stack: its custom roles and, for each principal in
    the stack file, the roles and what they allow in each service. Reads only the stack file, as the next update would;
    shows no secret.
    """
    custom, held = _of_stack(stack) if stack else ((), ())
    roles = (*BUILT_IN, *custom)
    data = {"roles": [_as_json(role) for role in roles], "principals": held}
    output.print(data, lambda: _in_words(custom, held) if stack else _tables(roles))
    return DONE


def _tables(roles: Sequence[RoleDefinition]) -> str:
    return f"{_roles_table(roles)}\n\n{_operations_table(roles)}"


def principals(assignments: Iterable[RoleAssignment], services: Sequence[Service]) -> list[dict[str, Any]]:
    """Every principal with its roles and operations in each of the services."""
    of: dict[str, list[RoleAssignment]] = {}
    for assignment in assignments:
        of.setdefault(assignment.principal, []).append(assignment)
    return [
        {
            "principal": principal,
            "roles": [assignment.role for assignment in held],
            "operations": _by_service({name for assignment in held for name in assignment.operations}, services),
        }
        for principal, held in of.items()
    ]


def _of_stack(stack: str) -> tuple[Sequence[RoleDefinition], Sequence[dict[str, Any]]]:
    """Its custom roles, and its principals."""
    wanted = settings_of(stack)
    config = read_stack_file(stack_folder() / f"Pulumi.{stack}.yaml")
    custom = read_definitions(read(config).input.role_definitions, stack_folder()).roles
    services = role_services(
        tracking=wanted.tracking is not None, computes=bool(wanted.computes), inference=wanted.inference is not None
    )
    return custom, principals(wanted.assignments, services)


def _by_service(operations: Iterable[str], services: Iterable[Service] = Service) -> dict[str, list[str]]:
    allowed = set(operations)
    return {
        str(service): [name for name, found in OPERATIONS.items() if found.service is service and name in allowed]
        for service in services
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


def _in_words(custom: Sequence[RoleDefinition], held: Sequence[dict[str, Any]]) -> str:
    """Custom roles, then a block for each principal, a line for each service."""
    blocks = [_roles_table(custom)] if custom else []
    for entry in held:
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
