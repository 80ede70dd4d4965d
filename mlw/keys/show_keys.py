"""`mlw keys show`: the credentials of a workspace's services, or of a principal."""

from __future__ import annotations

from typing import Any

import click

from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.stacks.stacks import Stack, open_stack


class NoSuchPrincipalError(MlWorkspaceError):
    """A stack has no principal of this name."""


@command(
    examples=(
        "mlw keys show dev",
        "mlw keys dev",
        "mlw keys show dev --query storage.accessKey -o tsv",
        "mlw keys show dev --principal dora",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@click.option("--principal", metavar="NAME", help="Show the credentials of this principal instead.")
@prints_data(Format.JSON)
def show_keys(stack: str, principal: str | None, output: Output) -> int:
    """Show the credentials of a workspace.

    Prints secrets: access keys of the storage account, the password of the container registry, the tokens of key vault
    and application insights. With --principal: the credentials of one principal in the stack file, from the key vault.

    `mlw keys STACK` is short for `mlw keys show STACK`; a stack that is named `show` or `rotate` needs the long form.
    """
    workspace = open_stack(stack)
    output.print(workspace.credentials() if principal is None else _of_principal(workspace, principal))
    return DONE


def _of_principal(stack: Stack, name: str) -> dict[str, Any]:
    """What the key vault holds for a principal, where the outputs of the stack say."""
    paths = {held["principal"]: str(held["vaultPath"]) for held in stack.require_outputs().get("roleAssignments") or ()}
    doing = f"showing the credentials of principal '{name}'"
    if name not in paths:
        raise NoSuchPrincipalError(
            f"{doing}: no such principal in stack '{stack.name}'.{suggestion(name, paths)} "
            f"Principals: {', '.join(sorted(paths)) or 'none'}."
        )
    from infra.clients.key_vault import vault_secrets  # noqa: PLC0415 - only for a principal
    from mlw.key_vault.vault_access import access  # noqa: PLC0415 - only for a principal

    mount, _, path = paths[name].partition("/")
    with access(stack).connected(doing) as vault:
        found = vault_secrets.read_fields(vault, mount, path)
    if found is None:
        raise NoSuchPrincipalError(
            f"{doing}: the key vault has no '{paths[name]}'. Run `make up STACK={stack.name}`, which writes it."
        )
    return found
