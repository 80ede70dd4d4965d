"""`mlw create`: a stack file from flags and replies, checked against all rules, and the workspace that it describes."""

from __future__ import annotations

import os
from typing import Any

import click

from infra.errors import MlWorkspaceError
from infra.host.environment import Caller
from infra.rules.violation import ConfigurationError
from mlw.command import DONE, FAILED, INTERRUPTED, command
from mlw.command_options import YES
from mlw.data_output import Format, Output, prints_data
from mlw.lifecycle import stack_context, state_files
from mlw.lifecycle.display import show as say
from mlw.lifecycle.stack_context import Context
from mlw.provisioning import proposals, questions, runs
from mlw.provisioning.lifecycle_options import EVENTS, SET, TAGS
from mlw.provisioning.new_stack_file import NewStack
from mlw.provisioning.proposals import Proposal
from mlw.provisioning.setting_arguments import apply_settings, parse_tags

_DEFAULTS = {"environment": "dev", "location": "westeurope", "instance": "001"}


class StackExistsError(MlWorkspaceError):
    """The stack, or its file, exists already."""


class MissingNameError(MlWorkspaceError):
    """The stack has no name, and nobody can be asked."""


@command(
    examples=(
        "mlw create",
        "mlw create churn --tags owner=ada@example.org --tags cost-center=4711 --tags project=churn",
        "mlw create churn --location northeurope --set tls=true --yes -o json",
        "mlw create churn --file-only",
    ),
    exit_codes={
        DONE: "created",
        FAILED: "nothing was created: rules are violated, nobody agreed, or it failed; the message says why",
        INTERRUPTED: "interrupted; run it again to continue",
    },
    exclusive=[("yes", "file_only"), ("events", "file_only")],
)
@click.argument("stack", metavar="[STACK]", required=False, help="Name of the stack; the default is --name.")
@click.option("--name", "-n", metavar="NAME", help="Name of the workspace; by default made by the naming pattern.")
@click.option("--resource-group", "-g", metavar="NAME", help="Name of the resource group; likewise.")
@click.option("--workload", metavar="NAME", help="Part of every default name; the default is the stack's name.")
@click.option("--location", "-l", metavar="REGION", help="Azure region; the default is westeurope.")
@click.option("--environment", metavar="NAME", help="dev, test, stage or prod; the default is dev.")
@click.option("--instance", metavar="NUMBER", help="Distinguishes workspaces of one workload; the default is 001.")
@TAGS
@SET
@YES
@click.option("--file-only", is_flag=True, help="Write the stack file and stop.")
@EVENTS
@prints_data(Format.TABLE, text="text for people")
@click.pass_obj
def create(caller: Caller, /, stack: str | None, output: Output, **given: Any) -> int:  # noqa: ANN401 - the options
    """Create a workspace.

    Writes stacks/Pulumi.STACK.yaml with comments, shows a preview, asks, and creates the workspace as `make up` does.
    On a terminal it asks for what is missing. A file that violates a rule is not written; all violations are reported
    at once. With --yes it neither shows a preview nor asks.

    If the stack file exists and no settings are given, that file is used, for example after an interruption.
    """
    runs.refuse_mixed(output, given["events"])
    name = stack or given["name"] or _ask_for_name()
    context = stack_context.load(name, os.environ)
    proposal = _proposal(context, given, caller.umask)
    if given["file_only"]:
        proposal.write()
        say(f"Written: {proposal.shown_name}. `mlw create {name}` or `make up STACK={name}` creates the workspace.")
        return DONE
    return runs.interruptible(
        lambda: runs.apply(
            proposal,
            output,
            yes=given["yes"],
            events=given["events"],
            question=f"Write {proposal.shown_name} and create this workspace?",
            unchanged="nothing was created, and no file was written. Run it again with --yes, or on a terminal.",
        )
    )


def _ask_for_name() -> str:
    if not questions.can_ask():
        raise MissingNameError("creating a workspace: it has no name. Name the stack, e.g. `mlw create churn`.")
    return questions.ask("Name of the stack")


def _proposal(context: Context, given: dict[str, Any], umask: int) -> Proposal:
    has_settings = any(value for key, value in given.items() if key not in {"yes", "file_only", "events"})
    if state_files.exists(context):
        raise StackExistsError(
            f"creating stack '{context.stack}': it exists. Change it with `mlw update {context.stack}`, or choose "
            "another name."
        )
    if context.stack_file.is_file():
        if has_settings or given["file_only"]:
            raise StackExistsError(
                f"creating stack '{context.stack}': its file '{context.stack_file.name}' exists. Leave the settings "
                "out to use it as it is, or choose another name."
            )
        proposal = proposals.propose(context, context.stack_file.read_text(encoding="utf-8"), umask=umask)
        proposal.check()
        return proposal
    return _new(context, given, umask)


def _new(context: Context, given: dict[str, Any], umask: int) -> Proposal:
    asks = questions.can_ask() and not given["yes"]
    tags = parse_tags(given["tags"])
    workload = given["workload"] or (questions.ask("Workload", context.stack) if asks else context.stack)
    while True:
        chosen = {key: given[key] or default for key, default in _DEFAULTS.items()}
        new = NewStack(
            stack=context.stack,
            workload=workload,
            name=given["name"] or "",
            resource_group=given["resource_group"] or "",
            tags=tags,
            **chosen,
        )
        proposal = proposals.propose(context, apply_settings(new.text(), given=given["settings"]), umask=umask)
        try:
            proposal.check()
        except ConfigurationError as exc:
            missing = [name for name in proposals.missing_tags(exc.violations) if name not in tags]
            if not (asks and missing):
                raise
            tags |= {name: questions.ask(f"Tag {name}") for name in missing}
        else:
            return proposal
