"""`mlw environment`: create, list, show, update, archive, restore, delete, with the options of `az ml environment`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.rules.roles.role_operations import ENVIRONMENTS_WRITE
from mlw.assets import asset_commands
from mlw.assets.asset_options import AZURE_FILE, GIVEN_NAME, GIVEN_VERSION, SET, Assets, pairs, uses_assets
from mlw.assets.asset_references import AssetKind
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from mlw.assets.asset_records import AssetRecord

_KIND = AssetKind.ENVIRONMENT
_IMAGE = "Image; with --conda-file the one that the packages are added to."
_NEWER = "Use a newer Python if the one that the environment asks for cannot be had; a warning reports it."


@command(
    examples=(
        "mlw environment create dev --file environment.yml",
        "mlw environment create dev --file environment.yml --allow-newer-python",
        "mlw environment create dev --name train --image mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04 "
        "--conda-file conda.yml",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=asset_commands.recorded(_KIND, "write"),
)
@uses_assets
@AZURE_FILE
@GIVEN_NAME
@GIVEN_VERSION
@click.option("--image", "-i", metavar="IMAGE", default="", help=_IMAGE)
@click.option("--conda-file", "-c", metavar="FILE", type=FILE, help="Conda file with the packages.")
@click.option("--build-context", "-b", metavar="PATH", default="", help="Refused; the message says what to use.")
@click.option("--description", metavar="TEXT", default="", help="Description.")
@click.option("--tags", metavar="KEY=VALUE", multiple=True, help="Tag.")
@click.option("--allow-newer-python", is_flag=True, help=_NEWER)
@SET
@prints_data(Format.JSON)
def create(
    assets: Assets,
    output: Output,
    *,
    file: Path | None,
    changes: tuple[str, ...],
    allow_newer_python: bool,
    **options: Any,  # noqa: ANN401 - from Click
) -> int:
    """Create a version of an environment, and build its image.

    The packages are resolved and pushed to the workspace's own registry as an image, while the log is printed; an
    environment with the same packages has the same image. A version cannot be changed later: without a version every
    call makes the next one. docs/environments.md lists what replaces the images and environments of Azure.
    """
    from mlw.environments import environment_creation  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.environments.image_of import open_environments  # noqa: PLC0415 - likewise
    from mlw.roles.principal_rights import require_operation  # noqa: PLC0415 - likewise

    document = _document(file, changes, options)
    if allow_newer_python:
        document[environment_creation.ALLOW_NEWER] = True
    # Before anything is resolved: the services would refuse only what comes last.
    require_operation(assets.stack_name, assets.principal, ENVIRONMENTS_WRITE, "creating an environment")
    access = open_environments(assets.stack, assets.principal)
    made, image = environment_creation.create(access, document, lambda line: print(line, file=sys.stderr))
    output.print({**made.as_json(), **environment_creation.facts_of(image)})
    return DONE


def _document(file: Path | None, changes: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    from mlw.azure_files.loading import load  # noqa: PLC0415 - likewise

    if changes and not file:
        raise click.UsageError("--set needs --file.", click.get_current_context())
    tags = pairs(options.pop("tags"))
    given = {key: value for key, value in options.items() if value}
    if path := given.pop("build_context", ""):
        given["build"] = {"path": path}
    document = load("environment", file, changes) if file else {}
    merged = {**(document.get("tags") or {}), **tags}
    return {**document, **given, **({"tags": merged} if merged else {})}


def _shown(assets: Assets, record: AssetRecord) -> dict[str, Any]:
    """A version with its image, as far as the registry has it."""
    from mlw.environments import environment_creation  # noqa: PLC0415 - likewise
    from mlw.environments.image_of import open_environments  # noqa: PLC0415 - likewise

    access = open_environments(assets.stack, assets.principal)
    return {**record.as_json(), **environment_creation.image_facts(access, record.document)}


list_environments = asset_commands.listing(_KIND)
show = asset_commands.showing(_KIND, _shown)
update = asset_commands.updating(_KIND)
archive = asset_commands.archiving(_KIND)
restore = asset_commands.restoring(_KIND)
delete = asset_commands.deleting(
    _KIND, "Its image stays in the registry: others with the same packages share it, and jobs that ran may name it."
)
