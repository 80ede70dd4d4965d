"""`mlw keys rotate`: makes credentials anew, without a secret on the terminal.

A datastore's keys are changed in the storage account and in the key vault at once; the stack's state knows nothing of
them. All other credentials are the stack's own: an update makes those that are asked for anew (`MLW_ROTATE`) and hands
them to whoever needs them.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra.clients.datastores.datastore_accounts import ELSEWHERE, Datastore
from infra.errors import MlWorkspaceError
from mlw.command import DONE, INTERRUPTED
from mlw.command_table import PROGRAM
from mlw.lifecycle import stack_commands, stack_locks
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.stacks import project
from mlw.stacks.stacks import Stack, open_stack
from mlw.stacks.state_secrets import outputs_of

_GENERATED, _CREDENTIALS = ":GeneratedSecrets", ":DatastoreCredentials"

SERVICES: Mapping[str, tuple[str, str, str]] = {
    "storage": (_GENERATED, "-keys", "its container restarts, so requests fail for about a second"),
    "registry": (_GENERATED, "-admin", "clients have to log in anew"),
    "keyVault": (":VaultConfiguration", "-configuration", "the old token is refused from now on"),
    "telemetry": (_GENERATED, "-ingestion", "exporters need the new token"),
    "certificates": (":ServerCertificates", "-certificates", "every container restarts; the authority stays"),
    "authority": (
        ":CertificateAuthority",
        "-authority",
        "every container restarts with a certificate of the new authority; clients need the new `certificateAuthority`",
    ),
}
"""Service, as in the output `credentials`, to type and end of the name of what makes its credentials, and to what its
clients will notice."""

BY_NAME_ONLY = "authority"
"""What `--all` leaves as it is: no client would trust any endpoint until somebody hands it the new authority."""

_PRINCIPAL = "-principal-"


class NothingToRotateError(MlWorkspaceError):
    """What was asked for is not there, or is another's to rotate."""


def rotate(options: argparse.Namespace) -> int:
    """Rotate what the options name."""
    project.enter()
    stack = open_stack(options.stack)
    stack.require_outputs()
    if not (options.all or options.datastore or options.principal or options.service):
        raise NothingToRotateError(
            f"rotating keys of stack '{stack.name}': nothing says which. "
            "Give --datastore NAME, --principal NAME, --service NAME or --all."
        )
    generated = _chosen(stack, options)
    try:
        if generated:
            _update(stack, generated)
    except OperationCancelledError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return INTERRUPTED
    if options.datastore or options.all:
        _rotate_datastores(stack, options.datastore)
    return DONE


def _chosen(stack: Stack, options: argparse.Namespace) -> dict[str, str]:
    """Logical names of the resources to be asked for new secrets, with what is said about each."""
    services, principals = services_of(stack.checkpoint.resources), principals_of(stack.checkpoint.resources)
    if options.all:
        services.pop(BY_NAME_ONLY, None)
        return {**services_by_resource(services), **{name: f"principal '{who}'" for who, name in principals.items()}}
    if options.service:
        if options.service not in services:
            raise NothingToRotateError(
                f"rotating the keys of service '{options.service}': stack '{stack.name}' has none of that name. "
                f"Its own services: {', '.join(sorted(services)) or 'none'}; what it shares is rotated by its owner."
            )
        return services_by_resource({options.service: services[options.service]})
    if options.principal:
        if options.principal not in principals:
            raise NothingToRotateError(
                f"rotating the keys of principal '{options.principal}': stack '{stack.name}' has none of that name. "
                f"Principals: {', '.join(sorted(principals)) or 'none'}."
            )
        return {principals[options.principal]: f"principal '{options.principal}'"}
    return {}


def services_of(resources: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Services that the stack owns, each with the logical names of the resources that make its credentials."""
    found: dict[str, list[str]] = {}
    for service, (kind, ending, _) in SERVICES.items():
        names = [name for name in _names(resources, kind) if name.endswith(ending) and _PRINCIPAL not in name]
        if names:
            found[service] = names
    return found


def services_by_resource(services: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The same the other way round, with the words for the terminal."""
    return {
        name: f"service '{service}' ({SERVICES[service][2]})" for service, names in services.items() for name in names
    }


def principals_of(resources: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Principals of the stack, each with the logical name of the resource that makes its credentials."""
    return {name.partition(_PRINCIPAL)[2]: name for name in _names(resources, _GENERATED) if _PRINCIPAL in name}


def _names(resources: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return [str(resource["urn"]).rpartition("::")[2] for resource in resources if str(resource["type"]).endswith(kind)]


def _update(stack: Stack, generated: Mapping[str, str]) -> None:
    for words in generated.values():
        say(f"Rotating {words} ...")
    request = f"{','.join(generated)}:{secrets.token_hex(8)}"
    stack_commands.up(replace(stack.context, environment={**stack.context.environment, "MLW_ROTATE": request}))
    say(f"Changed: credentials of {', '.join(words.partition(' (')[0] for words in generated.values())}.")
    say(f"`mlw keys {stack.name}` has those of the services, the key vault those of principals (principals/<name>).")


def _rotate_datastores(stack: Stack, chosen: str | None) -> None:
    from infra.resources.datastore_credentials import accounts_of, datastores_of  # noqa: PLC0415 - slow to import

    with stack_locks.exclusive(stack.context, "mlw keys rotate", say=say):
        props = _opened_credentials(stack)
        accounts = accounts_of(props)
        for store in _chosen_datastores(stack, datastores_of(props), chosen):
            say(f"Rotating datastore '{store.name}' ...")
            accounts.rotate(store)
            say(f"Changed: '{accounts.path(store.name)}' in the key vault; its old keys are refused.")


def _chosen_datastores(stack: Stack, known: Sequence[Datastore], chosen: str | None) -> list[Datastore]:
    """The one that is asked for, or all whose keys are the workspace's to make."""
    if chosen is None:
        return [store for store in known if store.type != ELSEWHERE]
    found = next((store for store in known if store.name == chosen), None)
    if found is None:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{chosen}': stack '{stack.name}' has none of that name. "
            f"Datastores: {', '.join(store.name for store in known)}."
        )
    if found.type == ELSEWHERE:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{chosen}': they belong to an object store elsewhere. Make new ones "
            "there, set them with `pulumi config set --secret --path 'ml-workspace:datastores[N].secretAccessKey'`, "
            f"and run `make up STACK={stack.name}`."
        )
    return [found]


def _opened_credentials(stack: Stack) -> dict[str, Any]:
    """The state of the resource that makes the datastores' credentials, its secrets opened."""
    found = outputs_of(stack, _CREDENTIALS.removeprefix(":"))
    if found is not None:
        return found
    raise NothingToRotateError(
        f"rotating keys of datastores: stack '{stack.name}' has none in the key vault yet. "
        f"Run `make up STACK={stack.name}`."
    )
