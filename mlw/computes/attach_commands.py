"""`mlw compute attach` and `detach`, with the options of `az ml compute`: Docker engines elsewhere that run jobs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.host.environment import Caller
from infra.rules.computes.attached_rules import ATTACHED
from infra.rules.roles.role_operations import COMPUTES_DELETE, COMPUTES_WRITE
from mlw.command import DONE, FAILED, INTERRUPTED, PROGRAM, command
from mlw.command_options import FILE, STACK, YES
from mlw.computes.compute_options import NAME, PRINCIPAL, require
from mlw.data_output import Format, Output, prints_data
from mlw.provisioning.lifecycle_options import EVENTS
from mlw.provisioning.setting_arguments import parse_tags

if TYPE_CHECKING:
    from mlw.computes.applied_changes import Change

_CHANGED = {
    DONE: "done, or up to date",
    FAILED: "nothing was changed: rules are violated, the engine does not respond, or nobody agreed; or it failed",
    INTERRUPTED: "interrupted; run it again to continue",
}
_SETTINGS = ("name", "resource_id", "max_instances", "description")
_LOGIN = ("admin_username", "ssh_port", "ssh_private_key_file")


@command(
    examples=(
        "mlw compute attach dev --name lab --resource-id ssh://ml@lab.example.org --max-instances 2",
        "mlw compute attach dev --file compute.yml",
    ),
    exit_codes=_CHANGED,
)
@STACK
@click.option("--file", "-f", metavar="FILE", type=FILE, help="A file in Azure's YAML; options take precedence.")
@click.option("--name", "-n", metavar="NAME", help="Name of the compute.")
@click.option("--type", "-t", "type_", metavar="TYPE", default=ATTACHED, help="VirtualMachine, the default.")
@click.option("--resource-id", metavar="ADDRESS", help="ssh://[USER@]HOST[:PORT][/SOCKET], or unix:///SOCKET.")
@click.option("--admin-username", metavar="NAME", help="Who logs in to its machine.")
@click.option("--ssh-port", metavar="PORT", help="Of the SSH server.")
@click.option("--ssh-private-key-file", metavar="FILE", help="File with the private key of the login.")
@click.option("--max-instances", metavar="N", type=int, help="Jobs that run at the same time; 1 by default.")
@click.option("--description", metavar="TEXT", help="What the compute is for.")
@click.option("--tags", metavar="NAME=VALUE", multiple=True, help="A tag of the compute; repeatable.")
@PRINCIPAL
@EVENTS
@prints_data(Format.TABLE, text="text for people")
@click.pass_obj
def attach(caller: Caller, /, stack: str, file: Path | None, output: Output, **options: Any) -> int:  # noqa: ANN401 - the options
    """Attach a Docker engine, which then runs jobs.

    Adds it to stacks/Pulumi.STACK.yaml and updates the workspace as `mlw update` does. All violations of rules are
    reported at once; then the engine is asked, and if it does not respond, nothing is changed. The login uses OpenSSH
    with its configuration, known hosts and agent, and never asks for a password.
    """
    from mlw.computes import compute_documents, compute_edits  # noqa: PLC0415 - a wrong command line does not need it
    from mlw.computes.applied_changes import change_of  # noqa: PLC0415 - as above

    document = _document(file, options)
    require(stack, options["principal"], COMPUTES_WRITE, f"attaching compute '{document.get('name', '')}'")
    for notice in compute_documents.notices(document):
        print(notice, file=sys.stderr)
    entry = compute_documents.to_entry(document)
    change = change_of(stack, str(entry.get("name", "")), caller)
    after = compute_edits.with_compute(change.before, entry)
    return change.apply(after, output, options["events"], when_valid=lambda: _require_engine(entry))


@command(
    examples=("mlw compute detach dev --name lab", "mlw compute detach dev --name lab --yes"),
    exit_codes=_CHANGED,
)
@STACK
@NAME
@YES
@PRINCIPAL
@EVENTS
@click.pass_obj
def detach(caller: Caller, /, stack: str, name: str, principal: str | None, events: str | None, *, yes: bool) -> int:
    """Detach an engine.

    Removes it from stacks/Pulumi.STACK.yaml, updates the workspace as `mlw update` does, and removes images and what
    jobs left on the engine. It fails while its jobs wait or run. An engine that does not respond is detached, too, and
    a message says that nothing was looked for there. Jobs that have ended, their runs, outputs and data are kept.
    """
    from mlw.computes import compute_edits  # noqa: PLC0415 - as above
    from mlw.computes.applied_changes import change_of  # noqa: PLC0415 - as above
    from mlw.computes.compute_errors import ComputeAttachError  # noqa: PLC0415 - as above

    require(stack, principal, COMPUTES_DELETE, f"detaching compute '{name}'")
    change = change_of(stack, name, caller)
    if not compute_edits.is_attached(change.before, stack, name):
        raise ComputeAttachError(
            f"detaching compute '{name}': it is not of type {ATTACHED}. Delete it: `mlw compute delete {stack} --name "
            f"{name}`."
        )
    return end_attachment(change, stack, events, yes=yes)


def end_attachment(change: Change, stack: str, events: str | None, *, yes: bool) -> int:
    """Detach a compute after its jobs have ended, and remove what the engine holds of the workspace."""
    from mlw.computes import compute_edits  # noqa: PLC0415 - as above
    from mlw.computes.compute_jobs import refuse_busy  # noqa: PLC0415 - as above
    from mlw.provisioning import questions  # noqa: PLC0415 - as above

    name = change.name
    after = compute_edits.without_compute(change.before, stack, name)
    refuse_busy(stack, name)
    question = f"Detach compute '{name}' of stack '{stack}', and delete its principal and credentials?"
    if not yes and not (questions.can_ask() and questions.confirm(question)):
        print(f"{PROGRAM}: nothing was detached. Run it again with --yes, or on a terminal.", file=sys.stderr)
        return FAILED
    code = change.apply(after, Output(format=Format.TABLE), events)
    if code == DONE:
        _clean(stack, name)
    return code


def _document(file: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    from mlw.azure_files.loading import load  # noqa: PLC0415 - only with a file
    from mlw.computes.compute_errors import ComputeAttachError  # noqa: PLC0415 - as above

    given: dict[str, Any] = {key: options[key] for key in _SETTINGS if options[key] is not None}
    if options["tags"]:
        given["tags"] = parse_tags(options["tags"])
    document = {**(load("compute", file, name=given.get("name")) if file else {"type": options["type_"]}), **given}
    login = {key: options[key] for key in _LOGIN if options[key] is not None}
    if login:
        document["ssh_settings"] = {**(document.get("ssh_settings") or {}), **login}
    kind = str(document.get("type"))
    if kind.lower() != ATTACHED.lower():
        raise ComputeAttachError(
            f"attaching a compute: its type is '{kind}', and only {ATTACHED} can be attached. `mlw compute create` "
            "makes clusters and instances."
        )
    return document


def _require_engine(entry: dict[str, Any]) -> None:
    """Reject an engine that does not respond, or is the workspace's own."""
    from infra.clients.engine import engine_queries  # noqa: PLC0415 - as above
    from mlw.computes.attached_computes import identity_of, look  # noqa: PLC0415 - as above
    from mlw.computes.compute_errors import ComputeAttachError  # noqa: PLC0415 - as above

    name, address = str(entry["name"]), str(entry["address"])
    state = look(name, address, str(entry.get("sshPrivateKeyFile", "")))
    if state.error:
        raise ComputeAttachError(f"attaching compute '{name}': {state.error} Nothing was changed.")
    with engine_queries.connect() as query:
        if identity_of(query("/info")) == state.identity:
            raise ComputeAttachError(
                f"attaching compute '{name}': the engine at '{address}' is the workspace's own, which runs jobs of the "
                "compute 'local' and of clusters. Attach another engine, or create a cluster: `mlw compute create`."
            )


def _clean(stack: str, name: str) -> None:
    """Remove what the engine holds; say so if it was not looked for."""
    from infra.clients.engine import attached_engine  # noqa: PLC0415 - as above
    from mlw.stacks.stacks import open_stack  # noqa: PLC0415 - as above

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    attached_engine.remove_from_all(open_stack(stack).stack_id, say, compute=name)
