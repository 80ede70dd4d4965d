"""`mlw component`: create, list, show, update, archive, restore, delete, with the options of `az ml component`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlw.assets import asset_commands
from mlw.assets.asset_options import GIVEN_NAME, GIVEN_VERSION, SET, Assets, uses_assets
from mlw.assets.asset_references import AssetKind
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE
from mlw.data_output import Format, Output, prints_data

_KIND = AssetKind.COMPONENT


@command(
    examples=(
        "mlw component create dev --file train.yml",
        "mlw component create dev --file train.yml --version 2 --set display_name=Train",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=asset_commands.recorded(_KIND, "write"),
    progress="creating the component",
)
@uses_assets
@click.option("--file", "-f", metavar="FILE", type=FILE, required=True, help="Azure's component file.")
@GIVEN_NAME
@GIVEN_VERSION
@SET
@prints_data(Format.JSON)
def create(assets: Assets, output: Output, *, file: Path, name: str, version: str, changes: tuple[str, ...]) -> int:
    """Create a version of a component.

    Its code is stored with it, named after its content, so the folder is not needed later. A version cannot be changed:
    without a version every call makes the next one.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.component_files import component_creation  # noqa: PLC0415 - likewise

    document = load("component", file, changes, name=name or None)
    given = {**document, "version": version} if version else document
    made = component_creation.create(assets.workspace, given, say=lambda line: print(line, file=sys.stderr))
    output.print(made.as_json())
    return DONE


list_components = asset_commands.listing(_KIND)
show = asset_commands.showing(_KIND)
update = asset_commands.updating(_KIND)
archive = asset_commands.archiving(_KIND)
restore = asset_commands.restoring(_KIND)
delete = asset_commands.deleting(_KIND, "Its code stays in the default datastore.")
