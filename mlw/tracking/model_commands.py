"""`mlw model`: list, show, create, download, archive, restore, delete, with the options of `az ml model`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE, YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.tracking.run_download import DOWNLOAD_PATH, OVERWRITE, counted
from mlw.tracking.tracking_options import Tracking, uses_tracking

_OPERATION = "Microsoft.MachineLearningServices/workspaces/models/{}"
_BELOW = "/models/{name}"
_LISTED = 100
_FILTER = "MLflow's filter, e.g. \"name LIKE 'churn%'\"; not with --name."

NAME = click.option("--name", "-n", metavar="NAME", required=True, help="Name of the model.")
VERSION = click.option("--version", "-v", metavar="VERSION", default="", help="Version; by default the newest.")
ONE_VERSION = click.option(
    "--version", "-v", metavar="VERSION", default="", help="Only this version; by default the model as a whole."
)


@command(
    examples=("mlw model list dev", "mlw model list dev --name churn", "mlw model list dev --include-archived -o json"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
    exclusive=(("name", "text"),),
)
@uses_tracking
@click.option("--name", "-n", metavar="NAME", default="", help="List the versions of this model.")
@click.option("--filter", "text", metavar="FILTER", default="", help=_FILTER)
@click.option("--include-archived", is_flag=True, help="Also show archived ones.")
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_models(tracking: Tracking, *, name: str, text: str, include_archived: bool, limit: int, output: Output) -> int:
    """List the models of a workspace, or the versions of one."""
    from mlw.tracking import model_tables, registered_models  # noqa: PLC0415 - a wrong command line does not need it

    if name:
        found = registered_models.versions(tracking.client, name, limit=limit)
        versions = found if include_archived else registered_models.without_archived(found)
        output.print([one.as_json() for one in versions], lambda: model_tables.versions(versions))
        note_more(len(found), limit)
        return DONE
    listed = registered_models.search(tracking.client, text=text, limit=limit)
    models = [one for one in listed if include_archived or not one.is_archived]
    output.print([one.as_json() for one in models], lambda: model_tables.models(models))
    note_more(len(listed), limit)
    return DONE


@command(
    examples=("mlw model show dev --name churn", "mlw model show dev --name churn --version 3 -o yaml"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_tracking
@NAME
@VERSION
@prints_data(Format.TABLE, has_json_flag=True)
def show(tracking: Tracking, name: str, version: str, output: Output) -> int:
    """Show a version of a model."""
    from mlw.tracking import registered_models  # noqa: PLC0415 - a wrong command line does not need it

    found = registered_models.find_version(tracking.client, name, version)
    output.print(found.as_json())
    return DONE


def _registering(word: str) -> Callable[[Callable[..., int]], click.Command]:
    """`mlw model create`, as `az ml model` calls it, and `mlw model register`: the same command."""
    return command(
        examples=(
            f"mlw model {word} dev --file model.yml",
            f"mlw model {word} dev --name churn --path ./model --type mlflow_model",
            f"mlw model {word} dev --name churn --path runs:/d3b07384b10e4d1e8e1a8b5c2a9f0e11/model --tags stage=test",
        ),
        exit_codes={DONE: "registered", FAILED: FAILURE},
        records=Recorded(operation=_OPERATION.format("write"), details=("name", "file")),
        progress="registering the model",
    )


def _register(
    tracking: Tracking, output: Output, *, file: Path | None, tags: tuple[str, ...], **options: str | None
) -> int:
    """Register a model.

    From a local file or folder, or from the artifacts or a logged model of a run. The file has Azure's keys: name,
    version, path, type, description, tags, properties. Options take precedence. A version cannot be changed later:
    every registration makes the next one.
    """
    from mlw.tracking import model_creation, model_file  # noqa: PLC0415 - a wrong command line does not need it

    values = model_file.read(file) if file else {}
    given = {key: value for key, value in options.items() if value}
    if tags:
        given["tags"] = {**(values.get("tags") or {}), **_pairs(tags)}  # type: ignore[assignment]
    spec = model_file.checked({**values, **given})
    made = model_creation.create(tracking.client, spec, lambda line: print(line, file=sys.stderr))
    output.print(made.as_json(), lambda: f"Registered: version {made.version} of model '{made.name}'.")
    return DONE


def _pairs(tags: tuple[str, ...]) -> dict[str, str]:
    for one in tags:
        if "=" not in one:
            raise click.UsageError(f"'{one}' is not KEY=VALUE.", click.get_current_context())
    return dict(one.split("=", 1) for one in tags)


def _with_options(function: Callable[..., int]) -> Callable[..., int]:
    options = (
        uses_tracking,
        click.option("--file", "-f", metavar="FILE", type=FILE, help="Azure's model.yml."),
        click.option("--name", "-n", metavar="NAME", help="Name of the model."),
        click.option("--version", "-v", metavar="VERSION", help="Fail unless the next version has this number."),
        click.option("--path", "-p", metavar="PATH", help="Local path, runs:/RUN/PATH or azureml://jobs/RUN/outputs/artifacts/paths/PATH."),
        click.option("--type", "-t", metavar="TYPE", help="custom_model (the default), mlflow_model or triton_model."),
        click.option("--description", "-d", metavar="TEXT", help="Description of the version."),
        click.option("--tags", metavar="KEY=VALUE", multiple=True, help="A tag; can be given several times."),
        prints_data(Format.TABLE, has_json_flag=True, text="one line"),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


create = _registering("create")(_with_options(_register))
register = _registering("register")(_with_options(_register))


@command(
    examples=("mlw model download dev --name churn", "mlw model download dev --name churn --version 3 -p models"),
    exit_codes={DONE: "downloaded", FAILED: FAILURE},
    progress="downloading the model",
)
@uses_tracking
@NAME
@VERSION
@DOWNLOAD_PATH
@OVERWRITE
def download(tracking: Tracking, name: str, version: str, folder: Path, *, overwrite: bool) -> int:
    """Download the files of a version of a model.

    Writes to the folder FOLDER/NAME. Each file is complete or not there; existing files are kept unless --overwrite is
    given.
    """
    from mlw.tracking import artifacts, registered_models  # noqa: PLC0415 - a wrong command line does not need it

    client = tracking.client
    found = registered_models.find_version(client, name, version)
    root, wanted = artifacts.of_location(client, registered_models.location_of(client, found))
    written = artifacts.download(client, root, wanted, folder, overwrites=overwrite, below=name)
    print(f"Downloaded: version {found.version} of model '{name}', {counted(len(written))} to '{folder / name}'.")
    return DONE


@command(
    examples=("mlw model archive dev --name churn", "mlw model archive dev --name churn --version 3"),
    exit_codes={DONE: "archived", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), below=_BELOW, details=("version",)),
)
@uses_tracking
@NAME
@ONE_VERSION
def archive(tracking: Tracking, name: str, version: str) -> int:
    """Archive a model or one version: lists omit it, but it can still be used."""
    return _archive(tracking, name, version, archived=True)


@command(
    examples=("mlw model restore dev --name churn", "mlw model restore dev --name churn --version 3"),
    exit_codes={DONE: "restored", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), below=_BELOW, details=("version",)),
)
@uses_tracking
@NAME
@ONE_VERSION
def restore(tracking: Tracking, name: str, version: str) -> int:
    """Restore an archived model or version."""
    return _archive(tracking, name, version, archived=False)


def _archive(tracking: Tracking, name: str, version: str, *, archived: bool) -> int:
    from mlw.tracking import registered_models  # noqa: PLC0415 - a wrong command line does not need it

    what = _checked(tracking, name, version)
    registered_models.set_archived(tracking.client, name, version, archived=archived)
    print(f"{'Archived' if archived else 'Restored'}: {what}.")
    return DONE


def _checked(tracking: Tracking, name: str, version: str) -> str:
    """Look for the model or the version; returns how messages call it."""
    from mlw.tracking import registered_models  # noqa: PLC0415 - a wrong command line does not need it

    if version:
        registered_models.find_version(tracking.client, name, version)
        return f"version {version} of model '{name}'"
    registered_models.find(tracking.client, name)
    return f"model '{name}'"


@command(
    examples=("mlw model delete dev --name churn --version 3", "mlw model delete dev --name churn --yes"),
    exit_codes={DONE: "deleted", FAILED: f"not confirmed, or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below=_BELOW, details=("version",)),
)
@uses_tracking
@NAME
@ONE_VERSION
@YES
def delete(tracking: Tracking, name: str, version: str, *, yes: bool) -> int:
    """Delete a model with all its versions, or one version; it cannot be restored.

    `mlw model archive` hides a model that may still be needed. The artifacts of runs that it was registered from stay.
    """
    from mlw.tracking import registered_models  # noqa: PLC0415 - a wrong command line does not need it

    what = _checked(tracking, name, version)
    if not confirmed(f"Delete {what} permanently?", yes=yes):
        return FAILED
    registered_models.delete(tracking.client, name, version)
    print(f"Deleted: {what}.")
    return DONE
