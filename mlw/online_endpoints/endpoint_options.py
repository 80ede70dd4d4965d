"""What every command on online endpoints has: the stack, the principal, and what they lead to."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlw.command import PROGRAM
from mlw.command_options import FILE
from mlw.stack_rights import Decorated, StackRights, uses

if TYPE_CHECKING:
    from pathlib import Path

    from mlw.online_endpoints.endpoint_inventory import Inventory
    from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
    from mlw.online_endpoints.local_workspace import LocalWorkspace

NAME = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the endpoint.")
ENDPOINT = click.option("--endpoint-name", "-e", "endpoint", metavar="NAME", required=True, help="Its endpoint.")
DEPLOYMENT = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the deployment.")
SET = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a field of the file; may be repeated."
)

LOCAL = click.option("--local", is_flag=True, help="On this machine's engine only, without keys, traffic and records.")


def yaml_file(*, required: bool, help_text: str) -> Callable[[Decorated], Decorated]:
    """`--file`, as `az ml` has it."""
    return click.option("--file", "-f", "file", metavar="FILE", type=FILE, required=required, help=help_text)


def load_deployment(
    asset: str, file: Path, endpoint: str | None, name: str | None, overrides: tuple[str, ...]
) -> Mapping[str, Any]:
    """Read the file of a deployment, with what the command line replaces in it.

    Args:
        asset: Its type for the reader of Azure's YAML, e.g. ``batch_deployment``.
        file: The file.
        endpoint: Its endpoint, if it is not the file's.
        name: Its name, if it is not the file's.
        overrides: Further fields.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it

    given = (*overrides, *((f"endpoint_name={endpoint}",) if endpoint else ()))
    return load(asset, file, given, name)


def require_change(file: Path | None, endpoint: str | None, name: str | None, overrides: tuple[str, ...]) -> None:
    """Reject an update of a deployment that names neither a file nor what to change."""
    if file is None and not (name and endpoint and overrides):
        raise click.UsageError("Give --file, or --name, --endpoint-name and --set.", click.get_current_context())


@dataclass(kw_only=True)
class Endpoints(StackRights):
    """The online endpoints of a stack, connected to when they are used."""

    @functools.cached_property
    def workspace(self) -> EndpointWorkspace:
        """The workspace."""
        from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace  # noqa: PLC0415 - help does not need it

        found = EndpointWorkspace(self.stack, self.principal, tell)
        _ = found.front  # an error before anything else, if there is none
        return found

    @functools.cached_property
    def local(self) -> LocalWorkspace:
        """Local endpoints; they need no front."""
        from mlw.online_endpoints.local_workspace import LocalWorkspace  # noqa: PLC0415 - only with --local

        return LocalWorkspace(self.stack, self.principal, tell)

    def repaired(self) -> EndpointWorkspace:
        """The workspace, after what a killed command left; a principal's rights may not suffice for that."""
        return self.inventory().workspace

    def inventory(self) -> Inventory:
        """What the workspace has, after :meth:`repaired`."""
        from infra.errors import MlWorkspaceError  # noqa: PLC0415 - as above
        from mlw.online_endpoints import publishing  # noqa: PLC0415 - as above
        from mlw.online_endpoints.endpoint_inventory import Inventory  # noqa: PLC0415 - as above

        found = Inventory(self.workspace)
        if self.principal is None:
            try:
                if publishing.repair(self.workspace, found):
                    return Inventory(self.workspace)
            except MlWorkspaceError as exc:
                tell(f"warning: {exc}")
                return Inventory(self.workspace)
        return found


uses_endpoints = uses("endpoints", Endpoints)
"""Gives a command its stack and `--principal`; it gets them as the argument `endpoints`."""


def tell(text: str) -> None:
    """Print what is being done, and notices."""
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)
