"""`mlw deleted list`, `recover` and `purge`: workspaces that are soft-deleted."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from infra.clients.engine.soft_deletions import SoftDeletion
from infra.rules.stack.expiry import format_moment
from mlw.command import DONE, FAILED
from mlw.command_table import PROGRAM
from mlw.deletion import deleted_stacks
from mlw.deletion.deleted_stacks import Deleted, NotDeletedError, open_deleted
from mlw.output import table, to_json
from mlw.stacks.stacks import context_of

HEADINGS = ("STACK", "WORKSPACE", "DELETED", "KEPT UNTIL", "PURGE")


def list_deleted(options: argparse.Namespace) -> int:
    """Print the soft-deleted workspaces of the backend, and whose else there are."""
    problems: list[str] = []
    found, others = deleted_stacks.list_deleted(problems.append)
    if options.json:
        print(to_json([_as_json(entry) for entry in found]))
    else:
        rows = [(entry.context.stack, *_row(entry.deletion), _purge(entry)) for entry in found]
        print(table(HEADINGS, rows) if rows else "No soft-deleted workspaces in this state backend.")
        for other in others:
            origin = f"stack '{other.stack}' of {other.made_by}"
            until = format_moment(other.kept_until)
            print(f"Of another home or backend: '{other.workspace}' of {origin}, soft-deleted and kept until {until}")
    for problem in problems:
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return FAILED if problems else DONE


def recover(options: argparse.Namespace) -> int:
    """Bring a soft-deleted workspace back."""
    deleted_stacks.recover(context_of(options.stack))
    return DONE


def purge(options: argparse.Namespace) -> int:
    """Remove a soft-deleted workspace for good; without --yes only say what would be lost."""
    context = context_of(options.stack)
    if options.yes:
        deleted_stacks.purge(context)
        return DONE
    found = open_deleted(context, "purging")
    raise NotDeletedError(
        f"purging stack '{context.stack}' would remove for good: {found.contents}. Nothing was removed. "
        f"Run it again with --yes to do that."
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
