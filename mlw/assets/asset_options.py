"""What every command on assets has: the stack and the principal, and the workspace with its records."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlw.assets.asset_references import LATEST
from mlw.command_options import FILE
from mlw.stack_rights import StackRights, uses

if TYPE_CHECKING:
    from mlw.assets.asset_records import AssetRecord
    from mlw.assets.asset_references import AssetKind
    from mlw.assets.asset_store import AssetStore
    from mlw.data.data_workspace import DataWorkspace

_RETENTION_DAYS = 7
"""In another stack's account, whose settings are not known."""

AZURE_FILE = click.option("--file", "-f", metavar="FILE", type=FILE, help="A file in Azure's YAML.")
NAME = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the asset.")
GIVEN_NAME = click.option("--name", "-n", metavar="NAME", default="", help="Name; replaces that in the file.")
GIVEN_VERSION = click.option(
    "--version", "-v", metavar="VERSION", default="", help="Version; by default that in the file, or the next number."
)
SET = click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True, help="Change what the file says, e.g. tags.team=blue."
)


@dataclass(kw_only=True)
class Assets(StackRights):
    """The assets of a stack, connected to when they are used."""

    @functools.cached_property
    def workspace(self) -> DataWorkspace:
        """The workspace with the caller's keys."""
        from mlw.data.data_workspace import DataWorkspace  # noqa: PLC0415 - likewise

        return DataWorkspace.of(self.stack, self.principal)

    @property
    def store(self) -> AssetStore:
        """The records."""
        return self.workspace.assets

    @property
    def retention_days(self) -> int:
        """How long a deleted version can be restored."""
        from infra.rules.resources.component_types import STORAGE_ACCOUNT  # noqa: PLC0415 - only for a deletion

        found = [one["inputs"] for one in self.stack.components if one["type"] == STORAGE_ACCOUNT]
        return int(found[0].get("deleteRetentionDays") or _RETENTION_DAYS) if found else _RETENTION_DAYS

    def find(self, kind: AssetKind, name: str, version: str) -> AssetRecord:
        """A version, the latest one for an empty version."""
        return self.store.get(kind, name, version) if version else self.store.latest(kind, name)


uses_assets = uses("assets", Assets)
"""Gives a command its stack and `--principal`; it gets them as the argument `assets`."""


def one_version(without: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command `--version` and `--label`; it gets them as the argument `version`.

    Args:
        without: What the command does without them.
    """

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def call(*, version: str, label: str | None, **values: Any) -> int:  # noqa: ANN401 - likewise
            if version and label:
                raise click.UsageError("--version and --label exclude each other.", click.get_current_context())
            return function(version=version, label=label or "", **values)

        options = (
            click.option("--version", "-v", metavar="VERSION", default="", help=f"Version; {without}."),
            click.option("--label", "-l", metavar="LABEL", type=click.Choice([LATEST]), help="latest."),
        )
        return functools.reduce(lambda made, option: option(made), reversed(options), call)

    return decorate


def pairs(values: tuple[str, ...], doing: str = "--tags") -> Mapping[str, str]:
    """`KEY=VALUE` words as a mapping."""
    for one in values:
        if "=" not in one:
            raise click.UsageError(f"{doing} '{one}' is not KEY=VALUE.", click.get_current_context())
    return dict(one.split("=", 1) for one in values)
