"""`mlw batch-endpoint create`, `update`, `show`, `list`, `delete`, `invoke`, `list-jobs`, as in `az ml`."""

from __future__ import annotations

from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.batch_endpoints.batch_options import BatchEndpoints, tell, uses_batch
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data
from mlw.online_endpoints.endpoint_options import NAME, SET, yaml_file

_OPERATION = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/{}"
_BELOW = "/batchEndpoints/{name}"
_LISTED = 50


@command(
    examples=(
        "mlw batch-endpoint create dev --file endpoint.yml",
        "mlw batch-endpoint create dev --name churn-batch",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), details=("name",)),
)
@uses_batch
@yaml_file(required=False, help_text="An endpoint in Azure's YAML.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@SET
@prints_data(Format.JSON)
def create(
    batch: BatchEndpoints, *, file: Path | None, name: str | None, overrides: tuple[str, ...], output: Output
) -> int:
    """Create a batch endpoint: a name behind which deployments score files.

    It has no deployments. Nothing runs until it is invoked.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.batch_endpoints import batch_changes  # noqa: PLC0415 - likewise

    if file is None and not name:
        raise click.UsageError("Give --file or --name.", click.get_current_context())
    document = load("batch_endpoint", file, overrides, name) if file else {"name": name}
    made = batch_changes.create(batch, document, tell)
    _print(batch, made.name, output)
    return DONE


@command(
    examples=(
        "mlw batch-endpoint update dev --name churn-batch --set defaults.deployment_name=trees",
        "mlw batch-endpoint update dev --name churn-batch --defaults deployment_name=trees",
    ),
    exit_codes={DONE: "updated", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), below=_BELOW),
    exclusive=[("file", "defaults"), ("file", "overrides")],
)
@uses_batch
@NAME
@yaml_file(required=False, help_text="A file in Azure's YAML; what it does not have stays.")
@click.option("--defaults", metavar="KEY=VALUE", help="deployment_name=NAME: the deployment to invoke by default.")
@SET
@prints_data(Format.JSON)
def update(
    batch: BatchEndpoints,
    name: str,
    *,
    file: Path | None,
    defaults: str | None,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Change a batch endpoint: its default deployment, texts, tags."""
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.batch_endpoints import batch_changes  # noqa: PLC0415 - likewise

    change = (
        batch_changes.of_file(load("batch_endpoint", file, (), name))
        if file
        else batch_changes.of_options(overrides, defaults, name)
    )
    batch_changes.update(batch, name, change)
    _print(batch, name, output)
    return DONE


@command(
    examples=(
        "mlw batch-endpoint show dev --name churn-batch",
        "mlw batch-endpoint show dev -n churn-batch --query defaults.deployment_name -o tsv",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_batch
@NAME
@prints_data(Format.TABLE, has_json_flag=True)
def show(batch: BatchEndpoints, name: str, output: Output) -> int:
    """Show a batch endpoint: its default deployment, tags."""
    _print(batch, name, output)
    return DONE


@command(
    examples=("mlw batch-endpoint list dev", "mlw batch-endpoint list dev --query '[].name' -o tsv"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_batch
@prints_data(Format.TABLE, has_json_flag=True)
def list_endpoints(batch: BatchEndpoints, output: Output) -> int:
    """List the batch endpoints of a workspace."""
    from mlw.batch_endpoints.batch_documents import endpoint_json, endpoint_table  # noqa: PLC0415 - as above

    found = [endpoint_json(one) for one in batch.records.all()]
    output.print(found, lambda: endpoint_table(found))
    return DONE


@command(
    examples=("mlw batch-endpoint delete dev --name churn-batch", "mlw batch-endpoint delete dev -n churn-batch --yes"),
    exit_codes={DONE: "deleted", FAILED: f"nobody agreed; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below=_BELOW),
)
@uses_batch
@NAME
@YES
def delete(batch: BatchEndpoints, name: str, *, yes: bool) -> int:
    """Delete a batch endpoint with its deployments.

    Its jobs with their results, registered models and environments are kept. Jobs that run continue.
    """
    from mlw.batch_endpoints import batch_changes  # noqa: PLC0415 - a wrong command line does not need it

    known = batch.records.deployment_names(batch.records.endpoint(name).name)
    if not confirmed(f"Delete batch endpoint '{name}' and its {len(known)} deployments?", yes=yes):
        return FAILED
    batch_changes.delete(batch, name)
    print(f"Deleted: batch endpoint '{name}'.")
    return DONE


@command(
    examples=(
        "mlw batch-endpoint invoke dev --name churn-batch --input ./customers",
        "mlw batch-endpoint invoke dev -n churn-batch --input azureml:customers@latest --query name -o tsv",
        "mlw batch-endpoint invoke dev -n churn-batch -d trees --input ./customers --set mini_batch_size=1",
    ),
    exit_codes={DONE: "submitted", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("jobs/write"), below=_BELOW, details=("deployment", "job")),
)
@uses_batch
@NAME
@click.option(
    "--input", "given", metavar="DATA", required=True,
    help="A file or folder of this machine, azureml:DATA:VERSION, or the URI of a datastore or of the web.",
)  # fmt: skip
@click.option(
    "--input-type", type=click.Choice(["uri_file", "uri_folder", "mltable"]), default=None,
    help="Its type; the default: that of the path, and uri_folder for a URI.",
)  # fmt: skip
@click.option("--deployment-name", "-d", "deployment", metavar="NAME", default="", help="Instead of the default one.")
@click.option("--output-path", metavar="URI", default="", help="Folder of a datastore for the output `score`.")
@click.option("--job-name", "-j", "job", metavar="NAME", default="", help="Name of the job; by default a new one.")
@click.option("--experiment-name", metavar="NAME", default="", help="Experiment; the default: the endpoint's name.")
@click.option("--mini-batch-size", "-m", metavar="N", type=click.IntRange(1), help="Files that run() gets at a time.")
@click.option("--instance-count", "-c", metavar="N", type=click.IntRange(1), help="Nodes; a job has one here.")
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True,
    help="Change a setting of the deployment for this job, e.g. output_file_name; may be repeated.",
)  # fmt: skip
@prints_data(Format.JSON)
def invoke(
    batch: BatchEndpoints,
    name: str,
    *,
    given: str,
    input_type: str | None,
    deployment: str,
    output_path: str,
    job: str,
    experiment_name: str,
    mini_batch_size: int | None,
    instance_count: int | None,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Invoke a batch endpoint: submit a job that scores all files of a folder, and print it.

    Its result is the output `score`; `mlw job download --output-name score` fetches it.
    """
    from mlw.batch_endpoints.batch_invocations import Invocation, invoke  # noqa: PLC0415 - as above
    from mlw.jobs.job_documents import as_json  # noqa: PLC0415 - likewise

    changes = [*([f"mini_batch_size={mini_batch_size}"] if mini_batch_size else []), *overrides]
    changes += [f"resources.instance_count={instance_count}"] if instance_count else []
    wanted = Invocation(
        endpoint=name, deployment=deployment, input=given, input_type=input_type or "", output_path=output_path,
        job=job, experiment=experiment_name, changes=changes,
    )  # fmt: skip
    made = invoke(batch, wanted, tell)
    output.print(as_json(batch.workspace.records.read(made.name)))
    return DONE


@command(
    examples=("mlw batch-endpoint list-jobs dev --name churn-batch",),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_batch
@NAME
@limits(_LISTED)
@prints_data(Format.TABLE, has_json_flag=True)
def list_jobs(batch: BatchEndpoints, name: str, limit: int, output: Output) -> int:
    """List the jobs of a batch endpoint, the last submitted first."""
    print_jobs(batch, name, "", limit, output)
    return DONE


def print_jobs(batch: BatchEndpoints, endpoint: str, deployment: str, limit: int, output: Output) -> None:
    """Print jobs of an endpoint, or of one deployment."""
    from mlw.batch_endpoints.batch_invocations import jobs_of  # noqa: PLC0415 - as above
    from mlw.jobs.job_documents import as_json, job_table  # noqa: PLC0415 - likewise

    batch.continue_queue()
    found = jobs_of(batch, endpoint, deployment, limit=limit)
    output.print([as_json(one) for one in found], lambda: job_table(found))
    note_more(len(found), limit)


def _print(batch: BatchEndpoints, name: str, output: Output) -> None:
    from mlw.batch_endpoints.batch_documents import endpoint_json  # noqa: PLC0415 - as above
    from mlw.records.authored import text  # noqa: PLC0415 - as above

    found = endpoint_json(batch.records.endpoint(name))
    output.print(found, lambda: text(found))
