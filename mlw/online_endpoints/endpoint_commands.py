"""`mlw online-endpoint create`, `update`, `show`, `list`, `delete`, `get-credentials`, `regenerate-keys`, `invoke`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE, YES, confirmed
from mlw.data_output import Format, Output, prints_data
from mlw.online_endpoints.endpoint_options import LOCAL, NAME, SET, Endpoints, uses_endpoints, yaml_file

_OPERATION = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/{}"
_BELOW = "/onlineEndpoints/{name}"
WRITTEN = Recorded(operation=_OPERATION.format("write"), below=_BELOW)
"""A change of an endpoint, from wherever it is made."""


@command(
    examples=(
        "mlw online-endpoint create dev --file endpoint.yml",
        "mlw online-endpoint create dev --name churn --auth-mode key",
    ),
    exit_codes={DONE: "created", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("write"), details=("name",), unless="local"),
)
@uses_endpoints
@yaml_file(required=False, help_text="An endpoint in Azure's YAML.")
@click.option("--name", "-n", metavar="NAME", help="Name; replaces that in the file.")
@click.option("--auth-mode", metavar="MODE", help="How clients authenticate: key.")
@LOCAL
@SET
@prints_data(Format.JSON)
def create(
    endpoints: Endpoints,
    *,
    file: Path | None,
    name: str | None,
    auth_mode: str | None,
    local: bool,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Create an online endpoint: an address with keys, behind which deployments serve models.

    It has no deployments and no traffic. Two keys are made and stored in the key vault; `get-credentials` shows them.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.online_endpoints import endpoint_changes  # noqa: PLC0415 - likewise

    if file is None and not name:
        raise click.UsageError("Give --file or --name.", click.get_current_context())
    document = load("online_endpoint", file, overrides, name) if file else {"name": name}
    document |= {"auth_mode": auth_mode} if auth_mode else {}
    if local:
        from mlw.online_endpoints import local_endpoints  # noqa: PLC0415 - only with --local

        _print(endpoints, local_endpoints.create(endpoints.local, document), output, local=True)
        return DONE
    made = endpoint_changes.create(endpoints.repaired(), document)
    _print(endpoints, made.name, output)
    return DONE


@command(
    examples=(
        'mlw online-endpoint update dev --name churn --traffic "blue=90 green=10"',
        'mlw online-endpoint update dev --name churn --mirror-traffic "green=20"',
        "mlw online-endpoint update dev --name churn --set tags.stage=review",
        "mlw online-endpoint update dev --name churn --local --set tags.stage=review",
    ),
    exit_codes={DONE: "updated", FAILED: FAILURE},
    records=replace(WRITTEN, unless="local"),
    exclusive=[
        ("file", "traffic"), ("file", "mirror_traffic"), ("file", "overrides"),
        ("local", "traffic"), ("local", "mirror_traffic"),
    ],
)  # fmt: skip
@uses_endpoints
@NAME
@yaml_file(required=False, help_text="A file in Azure's YAML; what it does not have stays.")
@click.option("--traffic", metavar="SHARES", help='Shares of all deployments, e.g. "blue=90 green=10".')
@click.option("--mirror-traffic", metavar="SHARES", help='The deployment that gets copies, e.g. "green=20".')
@LOCAL
@SET
@prints_data(Format.JSON)
def update(
    endpoints: Endpoints,
    name: str,
    *,
    file: Path | None,
    traffic: str | None,
    mirror_traffic: str | None,
    local: bool,
    overrides: tuple[str, ...],
    output: Output,
) -> int:
    """Change an online endpoint: traffic, texts, tags.

    Shares of traffic add up to 100, or to 0 for none. A deployment that gets copies of requests serves no traffic
    itself, and its responses are dropped. Changes are in force when the command returns; no request fails.
    """
    from mlw.azure_files.loading import load  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.online_endpoints import endpoint_changes  # noqa: PLC0415 - likewise

    workspace = None if local else endpoints.repaired()
    change = (
        endpoint_changes.of_file(load("online_endpoint", file, (), name))
        if file
        else endpoint_changes.of_options(traffic, mirror_traffic, overrides, name)
    )
    if workspace is None:
        from mlw.online_endpoints import local_endpoints  # noqa: PLC0415 - only with --local

        local_endpoints.update(endpoints.local, name, change)
    else:
        endpoint_changes.update(workspace, name, change)
    _print(endpoints, name, output, local=local)
    return DONE


@command(
    examples=(
        "mlw online-endpoint show dev --name churn",
        "mlw online-endpoint show dev -n churn --query scoring_uri -o tsv",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@uses_endpoints
@NAME
@LOCAL
@prints_data(Format.TABLE, has_json_flag=True)
def show(endpoints: Endpoints, name: str, *, local: bool, output: Output) -> int:
    """Show an online endpoint: address, traffic, tags."""
    if not local:
        endpoints.repaired()
    _print(endpoints, name, output, local=local)
    return DONE


@command(
    examples=("mlw online-endpoint list dev", "mlw online-endpoint list dev --query '[].name' -o tsv"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@uses_endpoints
@LOCAL
@prints_data(Format.TABLE, has_json_flag=True)
def list_endpoints(endpoints: Endpoints, *, local: bool, output: Output) -> int:
    """List the online endpoints of a workspace."""
    if local:
        from mlw.online_endpoints import local_documents, local_endpoints  # noqa: PLC0415 - only with --local

        shown = [local_endpoints.describe(endpoints.local, one) for one in endpoints.local.names()]
        output.print(shown, lambda: local_documents.endpoint_table(shown))
        return DONE
    from mlw.online_endpoints.endpoint_documents import endpoint_json, endpoint_table  # noqa: PLC0415 - as above

    known = endpoints.inventory()
    found = [endpoint_json(known.workspace, one) for one in known.endpoints]
    output.print(found, lambda: endpoint_table(found))
    return DONE


@command(
    examples=("mlw online-endpoint delete dev --name churn", "mlw online-endpoint delete dev -n churn --yes"),
    exit_codes={DONE: "deleted", FAILED: f"nobody agreed; or {FAILURE}"},
    records=Recorded(operation=_OPERATION.format("delete"), below=_BELOW, unless="local"),
)
@uses_endpoints
@NAME
@LOCAL
@YES
def delete(endpoints: Endpoints, name: str, *, local: bool, yes: bool) -> int:
    """Delete an online endpoint with its deployments and keys.

    Registered models and environments are kept.
    """
    from mlw.online_endpoints import endpoint_changes  # noqa: PLC0415 - a wrong command line does not need it

    if local:
        from mlw.online_endpoints import local_endpoints  # noqa: PLC0415 - only with --local

        local_endpoints.delete(endpoints.local, name)
        print(f"Deleted: local endpoint '{name}'.")
        return DONE
    workspace = endpoints.workspace
    known = workspace.records.deployment_names(workspace.records.endpoint(name).name)
    if not confirmed(f"Delete online endpoint '{name}' and its {len(known)} deployments?", yes=yes):
        return FAILED
    endpoint_changes.delete(workspace, name)
    print(f"Deleted: online endpoint '{name}'.")
    return DONE


@command(
    examples=(
        "mlw online-endpoint get-credentials dev --name churn",
        "mlw online-endpoint get-credentials dev -n churn --query primaryKey -o tsv",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("listKeys/action"), below=_BELOW),
)
@uses_endpoints
@NAME
@prints_data(Format.JSON)
def get_credentials(endpoints: Endpoints, name: str, output: Output) -> int:
    """Print the keys of an online endpoint.

    Clients send one of them as `Authorization: Bearer KEY`.
    """
    from mlw.online_endpoints import endpoint_keys  # noqa: PLC0415 - a wrong command line does not need it

    output.print(endpoint_keys.read(endpoints.workspace, name).as_json)
    return DONE


@command(
    examples=("mlw online-endpoint regenerate-keys dev --name churn --key-type secondary",),
    exit_codes={DONE: "replaced", FAILED: FAILURE},
    records=Recorded(operation=_OPERATION.format("regenerateKeys/action"), below=_BELOW, details=("key_type",)),
)
@uses_endpoints
@NAME
@click.option(
    "--key-type",
    type=click.Choice(["primary", "secondary"]),
    default="primary",
    help="Which key; the default: primary.",
)
def regenerate_keys(endpoints: Endpoints, name: str, key_type: str) -> int:
    """Replace one key of an online endpoint.

    The old one is refused when the command returns; the other one is valid all the time. So no client fails if it uses
    the other key meanwhile.
    """
    from mlw.online_endpoints import endpoint_changes  # noqa: PLC0415 - a wrong command line does not need it

    endpoint_changes.regenerate(endpoints.workspace, name, key_type)
    print(f"Replaced: the {key_type} key of online endpoint '{name}'. `get-credentials` shows it.")
    return DONE


@command(
    examples=(
        "mlw online-endpoint invoke dev --name churn --request-file sample-request.json",
        "mlw online-endpoint invoke dev -n churn --deployment-name green --request-file sample-request.json",
        "mlw online-endpoint invoke dev -n churn --local --request-file sample-request.json",
    ),
    exit_codes={DONE: "the response is printed", FAILED: FAILURE},
)
@uses_endpoints
@NAME
@click.option("--request-file", "-r", metavar="FILE", type=FILE, required=True, help="The request, JSON; - for stdin.")
@click.option("--deployment-name", "-d", metavar="NAME", default="", help="Only this deployment, whatever its traffic.")
@LOCAL
def invoke(endpoints: Endpoints, name: str, request_file: Path, deployment_name: str, *, local: bool) -> int:
    """Send a request to an online endpoint, with its primary key, and print the response."""
    from mlw.online_endpoints import invoking  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.online_endpoints.endpoint_errors import EndpointError  # noqa: PLC0415 - likewise

    try:
        body = sys.stdin.buffer.read() if str(request_file) == "-" else request_file.read_bytes()
    except OSError as exc:
        raise EndpointError(f"reading the request '{request_file}': {exc.strerror}.") from exc
    if local:
        from mlw.online_endpoints import local_deployments  # noqa: PLC0415 - only with --local

        address = local_deployments.address(endpoints.local, name, deployment_name)
        print(invoking.invoke_at(address, body, f"local endpoint '{name}'"))
        return DONE
    print(invoking.invoke(endpoints.workspace, name, body, deployment=deployment_name))
    return DONE


def _print(endpoints: Endpoints, name: str, output: Output, *, local: bool = False) -> None:
    from mlw.online_endpoints.endpoint_documents import endpoint_json  # noqa: PLC0415 - as above
    from mlw.records.authored import text  # noqa: PLC0415 - as above

    if local:
        from mlw.online_endpoints import local_endpoints  # noqa: PLC0415 - only with --local

        found = local_endpoints.describe(endpoints.local, name)
    else:
        found = endpoint_json(endpoints.workspace, endpoints.workspace.records.endpoint(name))
    output.print(found, lambda: text(found))
