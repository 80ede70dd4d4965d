"""`mlw run download`: artifacts and models of a run, or the snapshot of its code."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE
from mlw.tracking.run_commands import RUN
from mlw.tracking.tracking_options import Tracking, uses_tracking

if TYPE_CHECKING:
    from mlw.tracking.tracking_records import Run

DOWNLOAD_PATH = click.option(
    "--download-path", "-p", "folder", metavar="FOLDER", type=FILE, default=Path(), help="Where to; by default here."
)
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that exist.")


@command(
    examples=(
        "mlw run download dev d3b07384",
        "mlw run download dev d3b07384 --artifact-path plots --download-path out",
        "mlw run download dev d3b07384 --snapshot",
    ),
    exit_codes={DONE: "downloaded", FAILED: FAILURE},
    exclusive=(("snapshot", "artifact_path"),),
    progress="downloading",
)
@uses_tracking
@RUN
@click.option("--artifact-path", metavar="PATH", default="", help="Only this file or folder of the artifacts.")
@click.option("--snapshot", is_flag=True, help="Download the snapshot of the code instead of artifacts.")
@DOWNLOAD_PATH
@OVERWRITE
def download(tracking: Tracking, *, run: str, artifact_path: str, snapshot: bool, folder: Path, overwrite: bool) -> int:
    """Download the artifacts of a run, or the code that it ran.

    Writes to the folder FOLDER/RUN-ID: artifacts under their own paths, logged models in `models`, the snapshot in
    `code`. Each file is complete or not there; existing files are kept unless --overwrite is given.
    """
    from mlw.tracking import tracked_runs  # noqa: PLC0415 - a wrong command line does not need it

    found = tracked_runs.find(tracking.client, run)
    target = folder / found.id
    if snapshot:
        count = _snapshot(tracking, found, target / "code", overwrites=overwrite)
    else:
        count = _artifacts(tracking, found, artifact_path.strip("/"), target, overwrites=overwrite)
    print(f"Downloaded: {counted(count)} to '{target}'.")
    return DONE


def counted(files: int) -> str:
    """How many files, in words."""
    return f"{files} file{'' if files == 1 else 's'}"


def _artifacts(tracking: Tracking, run: Run, path: str, target: Path, *, overwrites: bool) -> int:
    from mlw.tracking import artifacts, logged_models  # noqa: PLC0415 - a wrong command line does not need it

    client, root = tracking.client, artifacts.root_of(run.artifact_uri)
    written = artifacts.download(client, root, artifacts.named(client, root, path), target, overwrites=overwrites)
    if path:
        return len(written)
    for model in logged_models.of_run(client, run):
        location = artifacts.root_of(model.location)
        wanted, below = list(artifacts.files(client, location)), f"models/{model.id}"
        written += artifacts.download(client, location, wanted, target, overwrites=overwrites, below=below)
    return len(written)


def _snapshot(tracking: Tracking, run: Run, target: Path, *, overwrites: bool) -> int:
    from mlw.tracking import stored_snapshots  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.tracking.code_snapshot import CodeSnapshotError  # noqa: PLC0415 - likewise
    from mlw.tracking.placed_files import target_of, writing  # noqa: PLC0415 - likewise
    from mlw.tracking.storage_rights import storage_connection  # noqa: PLC0415 - likewise

    identity = run.tags.get(stored_snapshots.TAG)
    if not identity:
        raise CodeSnapshotError(
            f"downloading the snapshot of run '{run.id}': it has none. `mlw run STACK -- COMMAND` stores one if the "
            "command names a Python file."
        )
    connection = storage_connection(tracking.stack, tracking.principal)
    with tempfile.TemporaryDirectory(prefix="mlw-snapshot-") as temporary:
        extracted = Path(temporary) / "code"
        names = stored_snapshots.extract(connection, stored_snapshots.container_of(tracking.stack), identity, extracted)
        targets = [target_of(target, name, f"placing '{name}'", overwrites=overwrites) for name in names]
        for name, place in zip(names, targets, strict=True):
            with (extracted / name).open("rb") as content, writing(place) as file:
                shutil.copyfileobj(content, file)
            shutil.copymode(extracted / name, place)
    return len(names)
