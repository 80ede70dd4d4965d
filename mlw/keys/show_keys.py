"""`mlw keys show`: the credentials of a workspace's services."""

from __future__ import annotations

from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.stacks.stacks import open_stack


@command(
    examples=("mlw keys show dev", "mlw keys dev", "mlw keys show dev --query storage.accessKey -o tsv"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@prints_data(Format.JSON)
def show_keys(stack: str, output: Output) -> int:
    """Show the credentials of a workspace.

    Prints secrets: access keys of the storage account, the password of the container registry, the tokens of key vault
    and application insights.

    `mlw keys STACK` is short for `mlw keys show STACK`; a stack that is named `show` or `rotate` needs the long form.
    """
    output.print(open_stack(stack).credentials())
    return DONE
