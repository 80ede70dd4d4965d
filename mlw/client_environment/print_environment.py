"""`mlw env`: the variables of `mlw run`, for a shell, a dotenv file or a program."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

import click

from infra.client_variables import SERVICE_NAME, Access, variables
from infra.host.environment import export_lines
from mlw.client_environment import client_access
from mlw.client_environment.client_options import PRINCIPAL
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.output import to_json
from mlw.stacks.stacks import open_stack

_PLAIN = re.compile(r"[\w./:@%+=,-]*")


@command(
    examples=(
        'eval "$(mlw env dev)"',
        'eval "$(mlw env dev --principal dora)"',
        "mlw env dev --format dotenv > .env",
        "mlw env dev --format json",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@PRINCIPAL
@click.option(
    "--format",
    "style",
    metavar="FORMAT",
    type=click.Choice(["shell", "dotenv", "json"]),
    default="shell",
    help="shell (exports for eval), dotenv or json; the default is shell.",
)
def print_environment(stack: str, principal: str | None, style: str) -> int:
    """Print the endpoints and credentials of a workspace as environment variables.

    Prints secrets: the variables that `mlw run` sets. The format shell also unsets variables of other accounts, as
    `mlw run` does. A file that you write them to should be readable by you only, and not in a repository.
    """
    access = client_access.access_of(open_stack(stack), principal)
    found = variables(access, service_name=os.environ.get(SERVICE_NAME) or stack)
    print(_FORMATS[style](access, found), end="")
    return DONE


def _shell(access: Access, found: Mapping[str, str]) -> str:
    return f"unset {' '.join(name for name in access.managed if name not in found)}\n{export_lines(found)}"


def _dotenv(_access: Access, found: Mapping[str, str]) -> str:
    return "".join(f"{name}={_quoted(value)}\n" for name, value in found.items())


def _quoted(value: str) -> str:
    """A value as all readers of dotenv files understand it: as it is where possible, otherwise in single quotes."""
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(_access: Access, found: Mapping[str, str]) -> str:
    return to_json(dict(found)) + "\n"


_FORMATS: Mapping[str, Callable[[Access, Mapping[str, str]], str]] = {"shell": _shell, "dotenv": _dotenv, "json": _json}
