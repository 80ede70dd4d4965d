"""Whether a principal's roles include an operation, for commands that the operator runs in a principal's name.

The services enforce what principals do there. What only `mlw` does, such as an edit of the stack file, is checked here.
"""

from __future__ import annotations

from infra import settings
from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from infra.host.project import PROJECT, require_stack_file, stack_folder
from infra.rules.roles.role_operations import OPERATIONS
from infra.settings import Settings
from infra.stack_files.stack_file import read_stack_file


class OperationNotAllowedError(MlWorkspaceError):
    """No role of a principal includes an operation."""


def settings_of(stack: str) -> Settings:
    """The settings of a stack file, as the next update would use them.

    Raises:
        ConfigurationError: It breaks rules.
    """
    require_stack_file(stack)
    config = read_stack_file(stack_folder() / f"Pulumi.{stack}.yaml")
    others, accepted = stack_states.deployed(project=PROJECT, except_stack=stack), stack_states.accepted(PROJECT, stack)
    return settings.load(config, stack=stack, deployed=others, accepted=accepted, folder=stack_folder())


def require_operation(stack: str, principal: str | None, operation: str, doing: str) -> None:
    """Reject a principal whose roles do not include an operation.

    Args:
        stack: Name of the stack.
        principal: Name of the principal; None for the operator of the stack, with all rights.
        operation: Azure's name of the operation.
        doing: What was being done, for the message.

    Raises:
        OperationNotAllowedError: The principal does not exist, or may not.
    """
    if principal is None:
        return
    roles: dict[str, list[str]] = {}
    allowed: set[str] = set()
    for held in settings_of(stack).assignments:
        roles.setdefault(held.principal, []).append(held.role)
        if held.principal == principal:
            allowed |= set(held.operations)
    if principal not in roles:
        raise OperationNotAllowedError(
            f"{doing} as principal '{principal}': no such principal in stack '{stack}'."
            f"{suggestion(principal, roles)} Principals: {', '.join(sorted(roles)) or 'none'}."
        )
    if operation not in allowed:
        raise OperationNotAllowedError(
            f"{doing} as principal '{principal}': its role {_quoted(roles[principal])} does not include '{operation}' "
            f"({OPERATIONS[operation].meaning}). `mlw roles list` shows which roles do."
        )


def _quoted(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
