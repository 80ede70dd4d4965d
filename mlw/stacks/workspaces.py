"""`mlw list` and `mlw show`: the workspaces of a state backend, and which containers are running."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from infra import labels
from infra.clients.engine import docker_engine, soft_deletions
from infra.clients.state import stack_states
from infra.rules.resources.resource_ids import parse_resource_id
from infra.rules.stack.expiry import format_moment
from infra.services import TRACKING, services_at
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.output import table
from mlw.stacks.stacks import Stack, open_stack, open_stacks

HEADINGS = ("STACK", "WORKSPACE", "RESOURCE GROUP", "LOCATION", "STATE", "RUNNING")
SOFT_DELETED = "SoftDeleted"
UNFINISHED = "Unfinished"
"""State of a workspace whose first update has not succeeded; it has no record yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One workspace as the list shows it."""

    stack: str
    workspace: str
    resource_group: str
    location: str
    state: str
    running: int
    expected: int
    expires_on: str | None
    tags: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "stack": self.stack,
            "workspace": self.workspace,
            "resourceGroup": self.resource_group,
            "location": self.location,
            "provisioningState": self.state,
            "containers": {"running": self.running, "expected": self.expected},
            "expiresOn": self.expires_on,
            "tags": dict(self.tags),
        }

    def as_row(self, tag: str | None, *, expiry: bool) -> list[str]:
        """Return it for people: all tags or one in the last column, preceded by the expiry if requested."""
        shown = ", ".join(f"{key}={value}" for key, value in self.tags.items()) if tag is None else _value(self, tag)
        running = f"{self.running}/{self.expected}"
        moment = [self.expires_on or "never"] * expiry
        return [self.stack, self.workspace, self.resource_group, self.location, self.state, running, *moment, shown]


@command(
    examples=("mlw list", "mlw list --tag cost-center", "mlw list --query \"[?location=='westeurope'].stack\" -o tsv"),
    exit_codes={DONE: "listed", FAILED: FAILURE},
)
@click.option("--tag", metavar="NAME", help="Show only this tag, in a column of its own.")
@prints_data(Format.TABLE, has_json_flag=True)
def list_workspaces(tag: str | None, output: Output) -> int:
    """List the workspaces of this state backend.

    One line for each workspace: stack, names, location, state, how many of its containers run, and its tags. Reads the
    state and asks the Docker engine; decrypts no secret.
    """
    problems: list[str] = []
    stacks = [stack for stack in open_stacks(problems.append) if stack.workspace]
    listed = list_all(stacks)
    output.print([_narrowed(entry, tag) for entry in listed], lambda: render(listed, tag))
    for problem in problems:
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return FAILED if problems else DONE


def list_all(stacks: Sequence[Stack]) -> list[Listed]:
    """Collect what is shown about workspaces.

    Args:
        stacks: Stacks with a workspace.

    Raises:
        EngineUnreachableError: The engine does not respond.
    """
    running = _running_containers() if stacks else Counter[str]()
    deleted = _deleted(stacks)
    return [_listed(stack, running[stack.stack_id], is_deleted=stack.stack_id in deleted) for stack in stacks]


def render(listed: list[Listed], tag: str | None) -> str:
    """Lay out the list for people."""
    if not listed:
        return "No workspaces in this state backend. Run `make up` for one."
    expiry = any(entry.expires_on for entry in listed)
    headings = [*HEADINGS, *(["EXPIRES"] * expiry), "TAGS" if tag is None else tag]
    return table(headings, [entry.as_row(tag, expiry=expiry) for entry in listed])


@command(
    examples=("mlw show dev", "mlw show dev -o yaml", "mlw show dev --query workspaceId -o tsv"),
    exit_codes={DONE: "printed", FAILED: FAILURE},
)
@STACK
@prints_data(Format.JSON)
def show(stack: str, output: Output) -> int:
    """Show the record of a workspace.

    The record as the last update of the stack wrote it: names, ids of the associated resources, tags, GUID. Decrypts no
    secret and does not need the Docker engine. How to switch on what the workspace does not have is printed to the
    standard error output.
    """
    workspace = open_stack(stack)
    moment = _expires_on(workspace)
    output.print({**workspace.require_outputs()["workspace"], **({"expiresOn": moment} if moment else {})})
    if TRACKING not in services_at(workspace.outputs["endpoints"]):
        from mlw.tracking.tracking_access import how_to_switch_on  # noqa: PLC0415 - only where it is off

        print(f"{PROGRAM}: {how_to_switch_on(stack)}", file=sys.stderr)
    return DONE


def _expires_on(stack: Stack) -> str | None:
    return format_moment(stack.expiry.moment) if stack.expiry else None


def _deleted(stacks: Sequence[Stack]) -> set[str]:
    """Identities of soft-deleted stacks; the engine is queried only if there may be any."""
    if not any(stack_states.soft_deletion_of(stack.checkpoint.resources) for stack in stacks):
        return set()
    return {found.stack_id for found in soft_deletions.list_all()}


def _listed(stack: Stack, running: int, *, is_deleted: bool) -> Listed:
    workspace = stack.workspace
    identity = parse_resource_id(str(workspace.get("id") or workspace["resourceId"]))
    expected = [item for item in stack.checkpoint.docker_objects() if item.kind == "container"]
    return Listed(
        stack=stack.name,
        workspace=workspace["name"],
        resource_group=identity.resource_group,
        location=workspace["location"],
        state=SOFT_DELETED if is_deleted else workspace.get("provisioningState", UNFINISHED),
        running=running,
        expected=len(expected),
        expires_on=_expires_on(stack),
        tags=workspace.get("tags") or {},
    )


def _running_containers() -> Counter[str]:
    """How many containers run for each stack, by its identity."""
    with docker_engine.connect() as client:
        found = client.api.containers(filters={"status": "running"})
    return Counter(labels.identity_of(container["Labels"] or {}) for container in found)


def _narrowed(entry: Listed, tag: str | None) -> dict[str, Any]:
    shown = entry.as_json()
    if tag is not None:
        shown["tags"] = {key: value for key, value in entry.tags.items() if key.lower() == tag.lower()}
    return shown


def _value(entry: Listed, tag: str) -> str:
    # Tag names are case-insensitive (T1).
    return next((value for key, value in entry.tags.items() if key.lower() == tag.lower()), "")
