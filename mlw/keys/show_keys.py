"""`mlw keys show`: the credentials of a workspace's services, or of a principal."""

from __future__ import annotations

import click

from mlw.activity.recorded import LIST_KEYS
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.keys.principal_credentials import credentials_of
from mlw.stacks.stacks import open_stack


@command(
    examples=(
        "mlw keys show dev",
        "mlw keys dev",
        "mlw keys show dev --query storage.accessKey -o tsv",
        "mlw keys show dev --principal dora",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
    records=LIST_KEYS,
    progress="decrypting the credentials",
)
@STACK
@click.option("--principal", metavar="NAME", help="Show the credentials of this principal instead.")
@prints_data(Format.JSON)
def show_keys(stack: str, principal: str | None, output: Output) -> int:
    """Show the credentials of a workspace.

    Prints secrets: access keys of the storage account, the password of the container registry, the tokens of key vault
    and application insights, the password of the tracking server if there is one. With --principal: the credentials of
    one principal in the stack file, from the key vault.

    `mlw keys STACK` is short for `mlw keys show STACK`; a stack that is named `show` or `rotate` needs the long form.
    """
    workspace = open_stack(stack)
    output.print(workspace.credentials() if principal is None else credentials_of(workspace, principal))
    return DONE
