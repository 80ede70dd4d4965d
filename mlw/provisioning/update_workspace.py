"""`mlw update`: changes a stack file, keeps its comments, and applies it."""

from __future__ import annotations

import os
from typing import Any

import click

from infra.host.environment import Caller
from infra.stack_files.stack_file import open_stack_file
from mlw.command import DONE, FAILED, INTERRUPTED, command
from mlw.command_options import STACK, YES
from mlw.data_output import Format, Output, prints_data
from mlw.lifecycle import stack_context
from mlw.lifecycle.display import show as say
from mlw.provisioning import proposals, runs
from mlw.provisioning.lifecycle_options import EVENTS, SET, TAGS
from mlw.provisioning.setting_arguments import apply_settings


@command(
    examples=(
        "mlw update dev --set storageAccount.deleteRetentionDays=30",
        "mlw update dev --tags cost-center=4712 --yes",
        "mlw update dev --remove expiresAfter",
        "mlw update dev",
    ),
    exit_codes={
        DONE: "updated, or up to date",
        FAILED: "nothing was changed: rules are violated, data would be lost, or nobody agreed; or it failed",
        INTERRUPTED: "interrupted; run it again to continue",
    },
)
@STACK
@SET
@click.option("--remove", "removed", metavar="KEY", multiple=True, help="Remove a key of the stack file; repeatable.")
@TAGS
@YES
@EVENTS
@prints_data(Format.TABLE, text="text for people")
@click.pass_obj
def update(caller: Caller, /, stack: str, output: Output, **given: Any) -> int:  # noqa: ANN401 - the options
    """Change the settings of a workspace.

    Edits stacks/Pulumi.STACK.yaml and keeps its comments, shows what changes in the file and a preview, asks, and
    updates the workspace as `make up` does. A change that violates a rule or would lose data is rejected before the
    file is written. Without settings it applies the file as it is. With --yes it neither shows a preview nor asks.
    """
    runs.refuse_mixed(output, given["events"])
    context = stack_context.load(stack, os.environ)
    context.require_stack_file()
    present = open_stack_file(context.stack_file).text
    changed = apply_settings(present, given=given["settings"], removed=given["removed"], tags=given["tags"])
    proposal = proposals.propose(context, changed, umask=caller.umask)
    proposal.check()
    with runs.messages(output, given["events"]):
        if difference := proposal.difference():
            say(difference)
    return runs.interruptible(
        lambda: runs.apply(
            proposal,
            output,
            yes=given["yes"],
            events=given["events"],
            question=f"Update stack '{stack}'?",
            unchanged=f"nothing was changed, neither {proposal.shown_name} nor the workspace. Run it again with --yes, "
            "or on a terminal.",
        )
    )
