"""`mlw online-deployment create`, `update`, `show`, `list`, `delete`, `get-logs`, `scale`."""

from __future__ import annotations

from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import YES, confirmed
from mlw.data_output import Format, Output, prints_data
from mlw.online_endpoints.endpoint_options import (
    DEPLOYMENT,
    ENDPOINT,
    LOCAL,
    SET,
    Endpoints,
    load_deployment,
    require_change,
    uses_endpoints,
    yaml_file,
)

_OPERATION = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/{}"
_BELOW = "/onlineEndpoints/{endpoint}/deployments/{name}"
_WRITTEN = Recorded(operation=_OPERATION.format("write"), below=_BELOW)
_LINES = 5000


@command(
    examples=(
        "mlw online-deployment create dev --file blue-deployment.yml --all-traffic",
        "mlw online-deployment create dev -f blue-deployment.yml --endpoint-name churn --set instance_count=2",
        "mlw online-deployment create dev -f blue-deployment.yml --local",
    ),
    exit_codes={DONE: "it is ready", FAILED: f"it did not become ready, and nothing of it is left; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("write"), details=("endpoint", "name"), unless="local"),
)
@uses_endpoints
@yaml_file(required=True, help_text="A deployment in Azure's YAML.")
@click.option("--endpoint-name", "-e", "endpoint", metavar="NAME", help="Its endpoint; replaces that in the file.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@click.option("--all-traffic", is_flag=True, help="Give it all traffic of the endpoint once it is ready.")
@LOCAL
@SET
@prints_data(Format.JSON)
def create(
    endpoints: Endpoints,
    file: Path,
    *,
    endpoint: str | None,
    name: str | None,
    overrides: tuple[str, ...],
    output: Output,
    all_traffic: bool,
    local: bool,
) -> int:
    """Create a deployment of an online endpoint, and wait until it is ready.

    Its image is built if the workspace's registry does not have it; model, code and image are stored, so that it needs
    none of the files later. If it does not become ready, the error says why with the last lines of its log.
    """
    from mlw.online_endpoints import deployment_changes  # noqa: PLC0415 - a wrong command line does not need it

    document = load_deployment("online_deployment", file, endpoint, name, overrides)
    if local:
        from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

        local_deployments.create(endpoints.local, document)
        _print(endpoints, document["endpoint_name"], document["name"], output, local=True)
        return DONE
    workspace = endpoints.repaired()
    made = deployment_changes.create(workspace, document, all_traffic=all_traffic)
    _print(endpoints, made.endpoint, made.name, output)
    return DONE


@command(
    examples=(
        "mlw online-deployment update dev --file blue-deployment.yml",
        "mlw online-deployment update dev -n blue -e churn --set environment_variables.LEVEL=debug",
        "mlw online-deployment update dev --file blue-deployment.yml --local",
    ),
    exit_codes={DONE: "updated", FAILED: f"the new one did not become ready, the old one serves on; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("write"), details=("endpoint", "name"), unless="local"),
)
@uses_endpoints
@yaml_file(required=False, help_text="A file that replaces the one that it was created with.")
@click.option("--endpoint-name", "-e", "endpoint", metavar="NAME", help="Its endpoint; replaces that in the file.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@LOCAL
@SET
@prints_data(Format.JSON)
def update(
    endpoints: Endpoints,
    *,
    file: Path | None,
    endpoint: str | None,
    name: str | None,
    local: bool,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Change a deployment without a request that fails.

    New instances become ready first, then they get the requests, and the old ones are removed after those that they
    have begun. If only the number of instances changes, the others continue.
    """
    from mlw.online_endpoints import deployment_changes  # noqa: PLC0415 - a wrong command line does not need it

    require_change(file, endpoint, name, overrides)
    if local:
        updated = _update_local(endpoints, file, endpoint, name, overrides)
        _print(endpoints, *updated, output, local=True)
        return DONE
    workspace = endpoints.repaired()
    if file is None:
        made = deployment_changes.update(workspace, str(endpoint), str(name), overrides)
    else:
        document = load_deployment("online_deployment", file, endpoint, name, overrides)
        workspace.records.deployment(str(document["endpoint_name"]), str(document["name"]))
        made = deployment_changes.create(workspace, document)
    _print(endpoints, made.endpoint, made.name, output)
    return DONE


def _update_local(
    endpoints: Endpoints, file: Path | None, endpoint: str | None, name: str | None, overrides: tuple[str, ...]
) -> tuple[str, str]:
    """Update a local deployment; returns the names of its endpoint and of itself."""
    from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

    if file is None:
        local_deployments.update(endpoints.local, str(endpoint), str(name), overrides)
        return str(endpoint), str(name)
    document = load_deployment("online_deployment", file, endpoint, name, overrides)
    local_deployments.replace_by_file(endpoints.local, document)
    return str(document["endpoint_name"]), str(document["name"])


@command(
    examples=(
        "mlw online-deployment show dev --name blue --endpoint-name churn",
        "mlw online-deployment show dev -n blue -e churn --local",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_endpoints
@DEPLOYMENT
@ENDPOINT
@LOCAL
@prints_data(Format.TABLE, has_json_flag=True)
def show(endpoints: Endpoints, name: str, endpoint: str, *, local: bool, output: Output) -> int:
    """Show a deployment: state, instances, model, code, image."""
    if not local:
        endpoints.repaired()
    _print(endpoints, endpoint, name, output, local=local)
    return DONE


@command(
    examples=(
        "mlw online-deployment list dev --endpoint-name churn",
        "mlw online-deployment list dev -e churn --local",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_endpoints
@ENDPOINT
@LOCAL
@prints_data(Format.TABLE, has_json_flag=True)
def list_deployments(endpoints: Endpoints, endpoint: str, *, local: bool, output: Output) -> int:
    """List the deployments of an online endpoint."""
    if local:
        from mlw.online_endpoints import local_deployments, local_documents  # noqa: PLC0415 - only with --local

        shown = local_deployments.describe_all(endpoints.local, endpoint)
        output.print(shown, lambda: local_documents.deployment_table(shown))
        return DONE
    from mlw.online_endpoints.endpoint_documents import deployment_json, deployment_table  # noqa: PLC0415 - as above

    known = endpoints.inventory()
    traffic, instances = known.endpoint(endpoint).traffic, known.instances(endpoint)
    found = [deployment_json(known.workspace, one, traffic, instances) for one in known.deployments(endpoint)]
    output.print(found, lambda: deployment_table(found))
    return DONE


@command(
    examples=("mlw online-deployment delete dev --name blue --endpoint-name churn --yes",),
    exit_codes={DONE: "deleted", FAILED: f"nobody agreed, or it has traffic; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below=_BELOW, unless="local"),
)
@uses_endpoints
@DEPLOYMENT
@ENDPOINT
@LOCAL
@YES
def delete(endpoints: Endpoints, name: str, endpoint: str, *, local: bool, yes: bool) -> int:
    """Delete a deployment that has no traffic."""
    from mlw.online_endpoints import deployment_changes  # noqa: PLC0415 - a wrong command line does not need it

    if local:
        from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

        local_deployments.delete(endpoints.local, endpoint, name)
        print(f"Deleted: deployment '{name}' of local endpoint '{endpoint}'.")
        return DONE
    workspace = endpoints.workspace
    workspace.records.deployment(endpoint, name)
    if not confirmed(f"Delete deployment '{name}' of online endpoint '{endpoint}'?", yes=yes):
        return FAILED
    deployment_changes.delete(workspace, endpoint, name)
    print(f"Deleted: deployment '{name}' of online endpoint '{endpoint}'.")
    return DONE


@command(
    examples=("mlw online-deployment get-logs dev --name blue --endpoint-name churn --lines 100",),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_endpoints
@DEPLOYMENT
@ENDPOINT
@click.option(
    "--lines", "-l", metavar="N", type=click.IntRange(1), default=_LINES, help=f"The last lines; the default: {_LINES}."
)
@LOCAL
def get_logs(endpoints: Endpoints, name: str, endpoint: str, lines: int, *, local: bool) -> int:
    """Print the last lines that the instances of a deployment have written."""
    if local:
        from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

        print(local_deployments.log(endpoints.local, endpoint, name, lines), end="")
        return DONE
    from mlw.online_endpoints import instance_logs  # noqa: PLC0415 - a wrong command line does not need it

    found = endpoints.workspace.records.deployment(endpoint, name)
    for number, text in instance_logs.read(endpoints.workspace, found, lines):
        if found.instance_count > 1:
            print(f"==> instance {number} <==")
        print(text, end="")
    return DONE


@command(
    examples=(
        "mlw online-deployment scale dev --name blue --endpoint-name churn --instance-count 3",
        "mlw online-deployment scale dev -n blue -e churn --instance-count 0",
    ),
    exit_codes={DONE: "scaled", FAILED: FAILURE},
    records=_WRITTEN,
)
@uses_endpoints
@DEPLOYMENT
@ENDPOINT
@click.option("--instance-count", metavar="N", type=click.IntRange(0), required=True, help="How many; 0 for none.")
@prints_data(Format.JSON)
def scale(endpoints: Endpoints, name: str, endpoint: str, instance_count: int, output: Output) -> int:
    """Change the number of instances of a deployment.

    With 0, the deployment uses nothing, and requests to it get status 503 until it is scaled again.
    """
    from mlw.online_endpoints import deployment_changes  # noqa: PLC0415 - a wrong command line does not need it

    deployment_changes.scale(endpoints.repaired(), endpoint, name, instance_count)
    _print(endpoints, endpoint, name, output)
    return DONE


def _print(endpoints: Endpoints, endpoint: str, name: str, output: Output, *, local: bool = False) -> None:
    from mlw.online_endpoints.endpoint_documents import deployment_json  # noqa: PLC0415 - as above
    from mlw.records.authored import text  # noqa: PLC0415 - as above

    if local:
        from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

        shown = local_deployments.describe(endpoints.local, endpoint, name)
        output.print(shown, lambda: text(shown))
        return
    records = endpoints.workspace.records
    traffic = records.endpoint(endpoint).traffic
    instances = endpoints.workspace.engine.instances(endpoint)
    found = deployment_json(endpoints.workspace, records.deployment(endpoint, name), traffic, instances)
    output.print(found, lambda: text(found))
