"""`mlw completion`: the script with which a shell completes commands, options and stack names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from mlw.command import DONE, PROGRAM, command

SHELLS = ("bash", "zsh", "fish")


@command(
    examples=(
        'eval "$(mlw completion bash)"',
        'eval "$(mlw completion zsh)"',
        "mlw completion fish > ~/.config/fish/completions/mlw.fish",
    ),
    exit_codes={DONE: "printed"},
)
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS), help="bash, zsh or fish.")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script for a shell.

    The script completes commands, options and names of stacks. Load it in the start file of the shell, e.g. ~/.bashrc.
    Bash has to be 4.4 or newer.
    """
    found = get_completion_class(shell)
    if found is None:  # pragma: no cover - the choices are Click's own
        ctx.fail(f"no completion for '{shell}'.")
    print(found(ctx.find_root().command, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source())
    return DONE
