"""`mlw compute create`, `update` and `delete`, with the options of `az ml compute`.

Each edits the stack file and applies it, as `mlw update` does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from infra.host.environment import Caller
from infra.rules.computes.start_stop_schedules import KEY
from infra.rules.roles.role_operations import COMPUTES_DELETE, COMPUTES_WRITE
from mlw.command import DONE, FAILED, INTERRUPTED, PROGRAM, command
from mlw.command_options import FILE, STACK, YES
from mlw.computes.applied_changes import change_of
from mlw.computes.compute_options import NAME, PRINCIPAL, given_settings, require, with_settings
from mlw.data_output import Format, Output, prints_data
from mlw.provisioning.lifecycle_options import EVENTS

_CHANGED = {
    DONE: "done, or up to date",
    FAILED: "nothing was changed: rules are violated, or nobody agreed; or it failed",
    INTERRUPTED: "interrupted; run it again to continue",
}


@command(
    examples=(
        "mlw compute create dev --name cpu-cluster --type AmlCompute --size STANDARD_DS3_V2 --max-instances 2",
        "mlw compute create dev --name ci-ana --type ComputeInstance --user-object-id ana",
        "mlw compute create dev --file compute.yml",
        "mlw compute create dev -f compute.yml --name spot --tier low_priority",
    ),
    exit_codes=_CHANGED,
)
@STACK
@click.option("--file", "-f", metavar="FILE", type=FILE, help="A file in Azure's YAML; options take precedence.")
@click.option("--name", "-n", metavar="NAME", help="Name of the compute.")
@click.option(
    "--type",
    "-t",
    "type_",
    metavar="TYPE",
    help="AmlCompute, ComputeInstance or VirtualMachine; required without a file.",
)
@with_settings
@PRINCIPAL
@EVENTS
@prints_data(Format.TABLE, text="text for people")
@click.pass_obj
def create(caller: Caller, /, stack: str, file: Path | None, output: Output, **options: Any) -> int:  # noqa: ANN401 - the options
    """Create a compute, or replace the settings of one.

    Adds it to stacks/Pulumi.STACK.yaml and updates the workspace as `mlw update` does. The first compute of a workspace
    also adds the compute `local`, and a tracking server if there is none. Keys of the file that have no effect on this
    machine are named on standard error. A file that violates a rule is not written; all violations are reported at
    once. `mlw schedule run` carries out the `schedules` of an instance.
    """
    from mlw.computes import compute_documents, compute_edits  # noqa: PLC0415 - a wrong command line does not need it

    given = given_settings(options)
    given |= {key: options[option] for key, option in (("name", "name"), ("type", "type_")) if options[option]}
    document = {**(_read(file, given) if file else {}), **given}
    require(stack, options["principal"], COMPUTES_WRITE, f"creating compute '{document.get('name', '')}'")
    for notice in compute_documents.notices(document):
        print(notice, file=sys.stderr)
    entry = compute_documents.to_entry(document)
    change = change_of(stack, str(entry.get("name", "")), caller)
    code = change.apply(compute_edits.with_compute(change.before, entry), output, options["events"])
    if code == DONE and KEY in entry:
        from mlw.schedules.instance_schedules import follow_and_tell  # noqa: PLC0415 - as above

        follow_and_tell(stack, options["principal"], _tell)
    return code


@command(
    examples=(
        "mlw compute update dev --name cpu-cluster --max-instances 4",
        "mlw compute update dev -n spot --tier dedicated --tags purpose=sweeps",
    ),
    exit_codes=_CHANGED,
)
@STACK
@NAME
@with_settings
@PRINCIPAL
@EVENTS
@prints_data(Format.TABLE, text="text for people")
@click.pass_obj
def update(caller: Caller, /, stack: str, name: str, output: Output, **options: Any) -> int:  # noqa: ANN401 - the options
    """Change the settings of a compute.

    Edits stacks/Pulumi.STACK.yaml, keeps its comments, and updates the workspace as `mlw update` does. The settings
    apply to jobs that start after it. --tags replaces all tags of the compute.
    """
    from mlw.computes import compute_documents, compute_edits  # noqa: PLC0415 - as above

    require(stack, options["principal"], COMPUTES_WRITE, f"changing compute '{name}'")
    change, settings = change_of(stack, name, caller), compute_documents.to_entry(given_settings(options))
    return change.apply(compute_edits.with_changes(change.before, stack, name, settings), output, options["events"])


@command(
    examples=("mlw compute delete dev --name spot", "mlw compute delete dev --name spot --yes"),
    exit_codes=_CHANGED,
)
@STACK
@NAME
@YES
@PRINCIPAL
@EVENTS
@click.pass_obj
def delete(caller: Caller, /, stack: str, name: str, principal: str | None, events: str | None, *, yes: bool) -> int:
    """Delete a compute.

    Removes it from stacks/Pulumi.STACK.yaml and updates the workspace as `mlw update` does. The principal and
    credentials of a cluster are deleted; it fails while its jobs wait or run. Jobs that have ended, their runs, outputs
    and data belong to the workspace and are kept. An attached engine is detached. A compute instance is
    deleted with its schedules and the files of its home folder; its user is kept.
    """
    from mlw.computes import compute_edits  # noqa: PLC0415 - as above
    from mlw.computes.compute_jobs import refuse_busy  # noqa: PLC0415 - as above
    from mlw.provisioning import questions  # noqa: PLC0415 - as above

    require(stack, principal, COMPUTES_DELETE, f"deleting compute '{name}'")
    change = change_of(stack, name, caller)
    after = compute_edits.without_compute(change.before, stack, name)
    is_instance = compute_edits.is_instance(change.before, stack, name)
    if compute_edits.is_attached(change.before, stack, name):
        from mlw.computes.attach_commands import end_attachment  # noqa: PLC0415 - as above

        return end_attachment(change, stack, events, yes=yes)
    refuse_busy(stack, name)
    what = "the files of its user" if is_instance else "its principal and credentials"
    question = f"Delete compute '{name}' of stack '{stack}' with {what}?"
    if not yes and not (questions.can_ask() and questions.confirm(question)):
        print(f"{PROGRAM}: nothing was deleted. Run it again with --yes, or on a terminal.", file=sys.stderr)
        return FAILED
    output = Output(format=Format.TABLE)
    if not is_instance:
        return change.apply(after, output, events)
    # The allowance is for this deletion alone: a later instance of the same name is protected again.
    code = change.apply(compute_edits.with_allowance(after, name), output, events)
    if code == DONE:
        from mlw.schedules.instance_schedules import follow_stack  # noqa: PLC0415 - as above
        from mlw.schedules.schedule_options import Schedules  # noqa: PLC0415 - as above

        change.write_after(lambda text: compute_edits.without_allowance(text, name))
        follow_stack(Schedules(stack_name=stack, principal=principal))
    return code


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


def _read(file: Path, given: dict[str, Any]) -> dict[str, Any]:
    from mlw.azure_files.loading import load  # noqa: PLC0415 - only with a file

    return load("compute", file, name=given.get("name"))
