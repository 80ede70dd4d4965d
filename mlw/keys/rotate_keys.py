"""`mlw keys rotate`: replaces credentials, without printing a secret.

The keys of a datastore are changed directly in the storage account and the key vault; they are not in the state. All
other credentials are in the state: an update regenerates the requested ones (`MLW_ROTATE`) and distributes them.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from infra.clients.datastores.datastore_accounts import Datastore
from infra.errors import MlWorkspaceError
from infra.rules.datastores.registered_datastores import DatastoreType
from infra.services import SERVICES, STORAGE_ACCOUNT
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, PROGRAM, command
from mlw.command_options import STACK
from mlw.keys.sharers import is_sharer, tell_sharers
from mlw.lifecycle import lock_refusals, stack_commands, stack_locks
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.stacks.stacks import Stack, open_stack

_CREDENTIALS = "DatastoreCredentials"

_BY_NAME_ONLY = "authority"
"""What `--all` leaves out: clients would not trust any endpoint until they have the new CA certificate."""

_EFFECTS: Mapping[str, str] = {
    **{one.credentials_key: one.rotation_effect for one in SERVICES.values() if one.has_credentials},
    "certificates": "every container restarts; the CA certificate stays",
    _BY_NAME_ONLY: "every container restarts with a certificate of the new authority; clients need the new "
    "`certificateAuthority`",
}
"""Values of `--service`, and what clients notice."""

_OF_A_SHARER = "its clients need the new keys"
"""Instead of a restart, if another stack owns the account."""


class NothingToRotateError(MlWorkspaceError):
    """There is nothing to rotate, or another stack has to rotate it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What is rotated: one of these."""

    datastore: str | None = None
    principal: str | None = None
    service: str | None = None
    everything: bool = False


@command(
    examples=(
        "mlw keys rotate dev --datastore workspaceblobstore",
        "mlw keys rotate dev --principal dora",
        "mlw keys rotate dev --service registry",
        "mlw keys rotate dev --all",
    ),
    exit_codes={DONE: "rotated", FAILED: FAILURE},
    exclusive=[("datastore", "principal", "service", "everything")],
    records=Recorded(
        operation="Microsoft.MachineLearningServices/workspaces/rotateKeys/action",
        details=("datastore", "principal", "service", "everything"),
    ),
)
@STACK
@click.option("--datastore", metavar="NAME", help="Keys of one datastore.")
@click.option("--principal", metavar="NAME", help="All credentials of one principal.")
@click.option(
    "--service",
    metavar="NAME",
    help="One of storage, registry, keyVault, telemetry, insights, tracking; with TLS also certificates, authority.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Everything except the authority: services, principals, datastores."
)
@click.pass_context
def rotate(ctx: click.Context, /, stack: str, **given: Any) -> int:  # noqa: ANN401 - the options, as Choice has them
    """Replace credentials by new ones.

    The keys of a datastore change in the storage account and the key vault: the new keys are stored before the old ones
    are rejected, so a client that reads the key vault again after a rejection keeps working.

    Credentials of services and principals change by an update of the stack (`make up`), which also applies other
    changes in the stack file. The storage account restarts when its own credentials change. Prints what changed, never
    a secret. If it was interrupted, run it again.
    """
    choice = Choice(**given)
    if choice == Choice():
        ctx.fail("Missing option: --datastore NAME, --principal NAME, --service NAME or --all.")
    return _rotate(open_stack(stack), choice)


def _rotate(stack: Stack, choice: Choice) -> int:
    stack.require_outputs()
    stack.require_present_version()
    lock_refusals.refuse_change(stack.checkpoint, stack.name, f"rotating keys of stack '{stack.name}'")
    generated = chosen(stack, choice)
    try:
        if generated:
            _update(stack, generated)
    except OperationCancelledError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return INTERRUPTED
    if choice.datastore or choice.everything:
        _rotate_datastores(stack, choice.datastore)
    return DONE


def chosen(stack: Stack, choice: Choice) -> dict[str, str]:
    """Subjects to rotate, with a description of each."""
    services = subjects_of(stack.checkpoint.resources, "service")
    principals = subjects_of(stack.checkpoint.resources, "principal")
    if choice.everything:
        services.pop(_BY_NAME_ONLY, None)
        everybody = {subject: f"principal '{name}'" for name, subject in principals.items()}
        return _in_words(services, stack) | everybody
    if choice.service:
        if choice.service not in services:
            raise NothingToRotateError(
                f"rotating the keys of service '{choice.service}': no such service in stack '{stack.name}'. Its own "
                f"services: {', '.join(sorted(services)) or 'none'}; the owner of an existing resource rotates its "
                "keys."
            )
        return _in_words({choice.service: services[choice.service]}, stack)
    if choice.principal:
        if choice.principal not in principals:
            raise NothingToRotateError(
                f"rotating the keys of principal '{choice.principal}': no such principal in stack '{stack.name}'. "
                f"Principals: {', '.join(sorted(principals)) or 'none'}."
            )
        return {principals[choice.principal]: f"principal '{choice.principal}'"}
    return {}


def subjects_of(resources: Iterable[Mapping[str, Any]], kind: str) -> dict[str, str]:
    """Map the name of each service or principal with secrets in the state to its subject."""
    subjects = (str((resource.get("inputs") or {}).get("rotates", "")) for resource in resources)
    return {name: subject for subject in subjects for of, _, name in [subject.partition("/")] if of == kind}


def _in_words(services: Mapping[str, str], stack: Stack) -> dict[str, str]:
    effects = {**_EFFECTS, **({STORAGE_ACCOUNT.credentials_key: _OF_A_SHARER} if is_sharer(stack) else {})}
    return {subject: f"service '{name}' ({effects[name]})" for name, subject in services.items()}


def _update(stack: Stack, generated: Mapping[str, str]) -> None:
    for words in generated.values():
        say(f"Rotating {words} ...")
    request = f"{','.join(generated)}:{secrets.token_hex(8)}"
    stack_commands.up(replace(stack.context, environment={**stack.context.environment, "MLW_ROTATE": request}))
    say(f"Changed: credentials of {', '.join(words.partition(' (')[0] for words in generated.values())}.")
    say(f"`mlw keys show {stack.name}` shows the new ones; add `--principal NAME` for those of a principal.")
    for sentence in tell_sharers(stack, {subject.partition("/")[2] for subject in generated}):
        say(sentence)


def _rotate_datastores(stack: Stack, name: str | None) -> None:
    from infra.resources.datastore_credentials import accounts_of, datastores_of  # noqa: PLC0415 - slow to import

    with stack_locks.exclusive(stack.context, "mlw keys rotate", say=say):
        props = _opened_credentials(stack)
        accounts = accounts_of(props)
        for store in _chosen_datastores(stack, datastores_of(props), name):
            say(f"Rotating datastore '{store.name}' ...")
            accounts.rotate(store)
            say(f"Changed: '{accounts.path(store.name)}' in the key vault; its old keys are rejected.")


def _chosen_datastores(stack: Stack, known: Sequence[Datastore], name: str | None) -> list[Datastore]:
    """The requested datastore, or all whose keys the workspace generates."""
    if name is None:
        return [store for store in known if store.type != DatastoreType.S3]
    found = next((store for store in known if store.name == name), None)
    if found is None:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{name}': no such datastore in stack '{stack.name}'. Datastores: "
            f"{', '.join(store.name for store in known)}."
        )
    if found.type == DatastoreType.S3:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{name}': they belong to an external object store. Make new ones "
            "there, set them with `pulumi config set --secret --path 'ml-workspace:datastores[N].secretAccessKey'`, "
            f"and run `make up STACK={stack.name}`."
        )
    return [found]


def _opened_credentials(stack: Stack) -> dict[str, Any]:
    """The state of the resource that makes the datastores' credentials, its secrets decrypted."""
    found = stack.secret_outputs(_CREDENTIALS)
    if found is not None:
        return found
    raise NothingToRotateError(
        f"rotating keys of datastores: stack '{stack.name}' has none in the key vault yet. "
        f"Run `make up STACK={stack.name}`."
    )
