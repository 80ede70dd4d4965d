"""`mlw deleted list`, `recover` and `purge`: workspaces that are soft-deleted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from infra.clients.engine.soft_deletions import SoftDeletion
from infra.rules.stack.expiry import format_moment
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, PROGRAM, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.deletion import deleted_stacks
from mlw.deletion.deleted_stacks import Deleted, NotDeletedError, open_deleted
from mlw.output import table
from mlw.stacks.stacks import context_of

HEADINGS = ("STACK", "WORKSPACE", "DELETED", "KEPT UNTIL", "PURGE")


@command(examples=("mlw deleted list", "mlw deleted list --json"), exit_codes={DONE: "listed", FAILED: FAILURE})
@prints_data(Format.TABLE, has_json_flag=True)
def list_deleted(output: Output) -> int:
    """List soft-deleted workspaces.

    One line for each workspace of this backend that `make down` has deleted but kept
    (`ml-workspace:workspace.softDeleteRetentionInDays`). PURGE says whether it can be purged: `allowed`, `protected`
    by the purge protection of its key vault, or `begun`. Soft-deleted workspaces of other homes and backends on the
    same engine are listed below the table.
    """
    problems: list[str] = []
    found, others = deleted_stacks.list_deleted(problems.append)
    output.print([_as_json(entry) for entry in found], lambda: _as_text(found, others))
    for problem in problems:
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return FAILED if problems else DONE


def _as_text(found: Sequence[Deleted], others: Sequence[SoftDeletion]) -> str:
    rows = [(entry.context.stack, *_row(entry.deletion), _purge(entry)) for entry in found]
    lines = [table(HEADINGS, rows) if rows else "No soft-deleted workspaces in this state backend."]
    for other in others:
        origin, until = f"stack '{other.stack}' of {other.made_by}", format_moment(other.kept_until)
        lines.append(
            f"Of another home or backend: '{other.workspace}' of {origin}, soft-deleted and kept until {until}"
        )
    return "\n".join(lines)


@command(
    examples=("mlw deleted recover dev",),
    exit_codes={DONE: "recovered and up again", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.MachineLearningServices/workspaces/recover/action"),
)
@STACK
def recover(stack: str) -> int:
    """Recover a soft-deleted workspace.

    Restores a workspace with its blobs and their versions, secrets, images, telemetry, keys and GUID, by a `make up`
    from what was kept. A port that is in use by now is replaced by another one. A missing stack file is restored. If it
    was interrupted, run it again.
    """
    deleted_stacks.recover(context_of(stack))
    return DONE


@command(
    examples=("mlw deleted purge dev", "mlw deleted purge dev --yes"),
    exit_codes={DONE: "removed", FAILED: f"nothing was removed without --yes, or it {FAILURE}"},
    records=Recorded(operation="Microsoft.MachineLearningServices/workspaces/purge/action", when="yes"),
)
@STACK
@click.option("--yes", is_flag=True, help="Remove it.")
def purge(stack: str, *, yes: bool) -> int:
    """Remove a soft-deleted workspace permanently.

    Without --yes it only says what would be lost. With --yes it removes volumes, state and everything else of a
    soft-deleted workspace, and checks that nothing is left; the names are free again. Fails as long as the purge
    protection of the key vault applies. If it was interrupted, run it again.
    """
    context = context_of(stack)
    if yes:
        deleted_stacks.purge(context)
        return DONE
    found = open_deleted(context, "purging")
    raise NotDeletedError(
        f"purging stack '{context.stack}' would permanently remove: {found.contents}. Nothing was removed. Run it "
        "again with --yes."
    )


def _row(deletion: SoftDeletion) -> tuple[str, str, str]:
    return deletion.workspace, format_moment(deletion.deleted_on), format_moment(deletion.kept_until)


def _purge(entry: Deleted) -> str:
    if entry.purge_has_begun:
        return "begun"
    return "protected" if entry.protected_until else "allowed"


def _as_json(entry: Deleted) -> dict[str, Any]:
    workspace, deleted_on, kept_until = _row(entry.deletion)
    return {
        "stack": entry.context.stack,
        "workspace": workspace,
        "deletionDate": deleted_on,
        "scheduledPurgeDate": kept_until,
        "purge": _purge(entry),
        "kept": entry.contents,
    }
