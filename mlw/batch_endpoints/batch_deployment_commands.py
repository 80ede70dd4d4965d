"""`mlw batch-deployment create`, `update`, `show`, `list`, `delete`, `list-jobs`, as in `az ml batch-deployment`."""

from __future__ import annotations

from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.batch_endpoints.batch_endpoint_commands import print_jobs
from mlw.batch_endpoints.batch_options import BatchEndpoints, tell, uses_batch
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import YES, confirmed, limits
from mlw.data_output import Format, Output, prints_data
from mlw.online_endpoints.endpoint_options import DEPLOYMENT, ENDPOINT, SET, load_deployment, require_change, yaml_file

_OPERATION = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/{}"
_BELOW = "/batchEndpoints/{endpoint}/deployments/{name}"
_WRITTEN = Recorded(operation=_OPERATION.format("write"), details=("endpoint", "name"))
_LISTED = 50


@command(
    examples=(
        "mlw batch-deployment create dev --file deployment.yml --set-default",
        "mlw batch-deployment create dev -f deployment.yml --endpoint-name churn-batch --set mini_batch_size=5",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_batch
@yaml_file(required=True, help_text="A deployment in Azure's YAML.")
@click.option("--endpoint-name", "-e", "endpoint", metavar="NAME", help="Its endpoint; replaces that in the file.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@click.option("--set-default", is_flag=True, help="Make it the default deployment of the endpoint.")
@SET
@prints_data(Format.JSON)
def create(
    batch: BatchEndpoints,
    file: Path,
    *,
    endpoint: str | None,
    name: str | None,
    set_default: bool,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Create a deployment of a batch endpoint: a model and how its jobs score files.

    Model and code are stored, so that jobs need none of the files later. Nothing runs until the endpoint is invoked.
    """
    from mlw.batch_endpoints import batch_deployments  # noqa: PLC0415 - a wrong command line does not need it

    document = load_deployment("batch_deployment", file, endpoint, name, overrides)
    made = batch_deployments.create(batch, document, tell, is_default=set_default)
    _print(batch, made.endpoint, made.name, output)
    return DONE


@command(
    examples=(
        "mlw batch-deployment update dev --file deployment.yml",
        "mlw batch-deployment update dev -n trees -e churn-batch --set error_threshold=10",
    ),
    exit_codes={DONE: "updated", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_batch
@yaml_file(required=False, help_text="A file that replaces the one that it was created with.")
@click.option("--endpoint-name", "-e", "endpoint", metavar="NAME", help="Its endpoint; replaces that in the file.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@SET
@prints_data(Format.JSON)
def update(
    batch: BatchEndpoints,
    *,
    file: Path | None,
    endpoint: str | None,
    name: str | None,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Change a deployment of a batch endpoint; jobs that were submitted stay as they are."""
    from mlw.batch_endpoints import batch_deployments  # noqa: PLC0415 - a wrong command line does not need it

    require_change(file, endpoint, name, overrides)
    if file is None:
        made = batch_deployments.update(batch, str(endpoint), str(name), overrides, tell)
    else:
        document = load_deployment("batch_deployment", file, endpoint, name, overrides)
        batch.records.deployment(str(document["endpoint_name"]), str(document["name"]))
        made = batch_deployments.create(batch, document, tell)
    _print(batch, made.endpoint, made.name, output)
    return DONE


@command(
    examples=("mlw batch-deployment show dev --name trees --endpoint-name churn-batch",),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_batch
@DEPLOYMENT
@ENDPOINT
@prints_data(Format.TABLE, has_json_flag=True)
def show(batch: BatchEndpoints, name: str, endpoint: str, output: Output) -> int:
    """Show a deployment of a batch endpoint: model, code, compute, settings."""
    _print(batch, endpoint, name, output)
    return DONE


@command(
    examples=("mlw batch-deployment list dev --endpoint-name churn-batch",),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_batch
@ENDPOINT
@prints_data(Format.TABLE, has_json_flag=True)
def list_deployments(batch: BatchEndpoints, endpoint: str, output: Output) -> int:
    """List the deployments of a batch endpoint."""
    from mlw.batch_endpoints.batch_documents import deployment_json, deployment_table  # noqa: PLC0415 - as above

    default = batch.records.endpoint(endpoint).default_deployment
    found = [deployment_json(one, default) for one in batch.records.deployments(endpoint)]
    output.print(found, lambda: deployment_table(found))
    return DONE


@command(
    examples=("mlw batch-deployment delete dev --name trees --endpoint-name churn-batch --yes",),
    exit_codes={DONE: "deleted", FAILED: f"nobody agreed, or it is the default one; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below=_BELOW),
)
@uses_batch
@DEPLOYMENT
@ENDPOINT
@YES
def delete(batch: BatchEndpoints, name: str, endpoint: str, *, yes: bool) -> int:
    """Delete a deployment that is not the default one of its batch endpoint; its jobs are kept."""
    from mlw.batch_endpoints import batch_deployments  # noqa: PLC0415 - a wrong command line does not need it

    batch.records.deployment(endpoint, name)
    if not confirmed(f"Delete deployment '{name}' of batch endpoint '{endpoint}'?", yes=yes):
        return FAILED
    batch_deployments.delete(batch, endpoint, name)
    print(f"Deleted: deployment '{name}' of batch endpoint '{endpoint}'.")
    return DONE


@command(
    examples=("mlw batch-deployment list-jobs dev --name trees --endpoint-name churn-batch",),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_batch
@DEPLOYMENT
@ENDPOINT
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_jobs(batch: BatchEndpoints, name: str, endpoint: str, limit: int, output: Output) -> int:
    """List the jobs of a deployment, the last submitted first."""
    print_jobs(batch, endpoint, name, limit, output)
    return DONE


def _print(batch: BatchEndpoints, endpoint: str, name: str, output: Output) -> None:
    from mlw.batch_endpoints.batch_documents import deployment_json  # noqa: PLC0415 - as above
    from mlw.records.authored import text  # noqa: PLC0415 - as above

    default = batch.records.endpoint(endpoint).default_deployment
    found = deployment_json(batch.records.deployment(endpoint, name), default)
    output.print(found, lambda: text(found))
