"""`mlw data`: create, list, show, update, archive, restore, delete, with the options of `az ml data`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlw.assets import asset_commands
from mlw.assets.asset_options import AZURE_FILE, GIVEN_NAME, GIVEN_VERSION, SET, Assets, pairs, uses_assets
from mlw.assets.asset_references import AssetKind
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from mlw.assets.asset_records import AssetRecord

_KIND = AssetKind.DATA
_TYPES = ("uri_file", "uri_folder", "mltable")


@command(
    examples=(
        "mlw data create dev --file data.yml",
        "mlw data create dev --name iris --version 1 --path ./iris.csv --type uri_file",
        "mlw data create dev --name raw --path azureml://datastores/workspaceblobstore/paths/raw/",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=asset_commands.recorded(_KIND, "write"),
    progress="creating the data asset",
)
@uses_assets
@AZURE_FILE
@GIVEN_NAME
@GIVEN_VERSION
@click.option("--path", "-p", metavar="PATH", default="", help="File or folder of this machine, datastore path, URL.")
@click.option("--type", "-t", "type_", type=click.Choice(_TYPES), help="By default uri_folder.")
@click.option("--description", metavar="TEXT", default="", help="Description.")
@click.option("--tags", metavar="KEY=VALUE", multiple=True, help="Tag.")
@click.option("--datastore", metavar="NAME", default="", help="Where local files are uploaded; by default the default.")
@SET
@prints_data(Format.JSON)
def create(
    assets: Assets,
    output: Output,
    *,
    file: Path | None,
    changes: tuple[str, ...],
    **options: Any,  # noqa: ANN401
) -> int:
    """Create a version of a data asset.

    An asset is a reference: data in a datastore and on the web stays where it is. Files of this machine are uploaded to
    the default datastore, named after their content; .amlignore, or else .gitignore, says what does not belong to a
    folder. A version cannot be changed later: without a version every call makes the next one.
    """
    from mlw.data import data_creation  # noqa: PLC0415 - a wrong command line does not need it

    if changes and not file:
        raise click.UsageError("--set needs --file.", click.get_current_context())
    document = _document(file, changes, options)
    made = data_creation.create(assets.workspace, document, say=lambda line: print(line, file=sys.stderr))
    output.print(made.as_json())
    return DONE


def _document(file: Path | None, changes: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    from mlw.azure_files.file_references import absolute, is_local  # noqa: PLC0415 - likewise
    from mlw.azure_files.loading import load  # noqa: PLC0415 - likewise

    options["type"] = options.pop("type_")
    tags = pairs(options.pop("tags"))
    given = {key: value for key, value in options.items() if value}
    if is_local(given.get("path")):
        given["path"] = str(absolute(given["path"], Path.cwd()))
    document = load("data", file, changes) if file else {}
    merged = {**(document.get("tags") or {}), **tags}
    return {**document, **given, **({"tags": merged} if merged else {})}


def _shown(assets: Assets, record: AssetRecord) -> dict[str, Any]:
    """A version with the jobs that used or made it."""
    from mlw.data import lineage  # noqa: PLC0415 - likewise

    return {**record.as_json(), "jobs": [asdict(one) for one in lineage.uses_of(assets.workspace, record.reference)]}


list_data = asset_commands.listing(_KIND)
show = asset_commands.showing(_KIND, _shown)
update = asset_commands.updating(_KIND)
archive = asset_commands.archiving(_KIND)
restore = asset_commands.restoring(_KIND)
delete = asset_commands.deleting(_KIND, "The data itself stays where it is.")
