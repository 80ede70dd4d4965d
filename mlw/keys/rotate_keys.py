"""`mlw keys rotate`: makes credentials anew, without a secret on the terminal.

A datastore's keys are changed in the storage account and in the key vault at once; the stack's state knows nothing of
them. All other credentials are the stack's own: an update makes those that are asked for anew (`MLW_ROTATE`) and hands
them to whoever needs them.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra.clients.datastores.datastore_accounts import Datastore
from infra.errors import MlWorkspaceError
from infra.rules.datastores.registered_datastores import DatastoreType
from infra.services import SERVICES, STORAGE_ACCOUNT
from mlw.command import DONE, INTERRUPTED
from mlw.command_table import PROGRAM
from mlw.keys.sharers import is_sharer, tell_sharers
from mlw.lifecycle import lock_refusals, stack_commands, stack_locks
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationCancelledError
from mlw.stacks.stacks import Stack, open_stack
from mlw.stacks.state_secrets import outputs_of

_CREDENTIALS = "DatastoreCredentials"

_BY_NAME_ONLY = "authority"
"""What `--all` leaves as it is: no client would trust any endpoint until somebody hands it the new CA certificate."""

_EFFECTS: Mapping[str, str] = {
    **{service.credentials_key: service.rotation_effect for service in SERVICES.values()},
    "certificates": "every container restarts; the CA certificate stays",
    _BY_NAME_ONLY: "every container restarts with a certificate of the new authority; clients need the new "
    "`certificateAuthority`",
}
"""What `--service` takes, and what the clients of each will notice."""

_OF_A_SHARER = "its clients need the new keys"
"""Instead of a restart, where the account is another stack's."""


class NothingToRotateError(MlWorkspaceError):
    """What was asked for is not there, or is another's to rotate."""


def rotate(options: argparse.Namespace) -> int:
    """Rotate what the options name."""
    stack = open_stack(options.stack)
    stack.require_outputs()
    stack.require_present_version()
    if not (options.all or options.datastore or options.principal or options.service):
        raise NothingToRotateError(
            f"rotating keys of stack '{stack.name}': nothing says which. "
            "Give --datastore NAME, --principal NAME, --service NAME or --all."
        )
    lock_refusals.refuse_change(stack.checkpoint, stack.name, f"rotating keys of stack '{stack.name}'")
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
    """Subjects that are asked for new secrets, with what is said about each."""
    services = subjects_of(stack.checkpoint.resources, "service")
    principals = subjects_of(stack.checkpoint.resources, "principal")
    if options.all:
        services.pop(_BY_NAME_ONLY, None)
        everybody = {subject: f"principal '{name}'" for name, subject in principals.items()}
        return _in_words(services, stack) | everybody
    if options.service:
        if options.service not in services:
            raise NothingToRotateError(
                f"rotating the keys of service '{options.service}': no such service in stack '{stack.name}'. "
                f"Services of its own: {', '.join(sorted(services)) or 'none'}; the owner of an existing resource "
                "rotates its keys."
            )
        return _in_words({options.service: services[options.service]}, stack)
    if options.principal:
        if options.principal not in principals:
            raise NothingToRotateError(
                f"rotating the keys of principal '{options.principal}': no such principal in stack '{stack.name}'. "
                f"Principals: {', '.join(sorted(principals)) or 'none'}."
            )
        return {principals[options.principal]: f"principal '{options.principal}'"}
    return {}


def subjects_of(resources: Iterable[Mapping[str, Any]], kind: str) -> dict[str, str]:
    """Whose secrets the stack's resources make: name of each service or principal to its subject."""
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
    say(f"`mlw keys {stack.name}` has those of the services, the key vault those of principals (principals/<name>).")
    for sentence in tell_sharers(stack, {subject.partition("/")[2] for subject in generated}):
        say(sentence)


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
        return [store for store in known if store.type != DatastoreType.S3]
    found = next((store for store in known if store.name == chosen), None)
    if found is None:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{chosen}': stack '{stack.name}' has none of that name. "
            f"Datastores: {', '.join(store.name for store in known)}."
        )
    if found.type == DatastoreType.S3:
        raise NothingToRotateError(
            f"rotating the keys of datastore '{chosen}': they belong to an external object store. Make new ones "
            "there, set them with `pulumi config set --secret --path 'ml-workspace:datastores[N].secretAccessKey'`, "
            f"and run `make up STACK={stack.name}`."
        )
    return [found]


def _opened_credentials(stack: Stack) -> dict[str, Any]:
    """The state of the resource that makes the datastores' credentials, its secrets decrypted."""
    found = outputs_of(stack, _CREDENTIALS)
    if found is not None:
        return found
    raise NothingToRotateError(
        f"rotating keys of datastores: stack '{stack.name}' has none in the key vault yet. "
        f"Run `make up STACK={stack.name}`."
    )
