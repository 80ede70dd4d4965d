"""`mlw expire`: lists expired stacks, and removes them as `make down` does."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import click

from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from mlw.activity.recorded import Recorded
from mlw.activity.recording import recorded
from mlw.command import DONE, FAILED, FAILURE, INTERRUPTED, PROGRAM, command
from mlw.data_output import Format, Output, prints_data
from mlw.deletion import deleted_stacks, removal_timer
from mlw.deletion.expired_stacks import Expired, find_expired
from mlw.lifecycle import down, engine_objects, removal_notes
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationCancelledError

_RECORDED = Recorded(operation="Microsoft.MachineLearningServices/workspaces/expire/action")


@command(
    examples=("mlw expire", "mlw expire --yes", "mlw expire --timer"),
    exit_codes={
        DONE: "listed or printed; with --yes, all of it was removed",
        FAILED: f"with --yes, something expired is still there; or it {FAILURE}",
    },
    exclusive=[("yes", "timer")],
)
@click.option("--yes", is_flag=True, help="Remove what is listed.")
@click.option("--timer", is_flag=True, help="Print a systemd timer and a line for cron; installs nothing.")
@prints_data(Format.TABLE, has_json_flag=True)
def expire(*, yes: bool, timer: bool, output: Output) -> int:
    """List expired workspaces; with --yes, remove them.

    Lists the stacks of this backend whose `ml-workspace:expiresAfter` or `ml-workspace:expiresOn` is past, and what
    would be lost with each. With --yes each of them is removed as by `make down`. A stack that is locked, or that
    another workspace uses, is not removed, and the reason is printed; one failure does not stop the others. Stacks of
    other homes and backends on the same engine are listed, but not touched.
    """
    if timer:
        print(removal_timer.REMOVAL.render())
        return DONE
    problems: list[str] = []
    found, known = find_expired(datetime.now(UTC), problems.append)
    if yes:
        say(_listing(found, known))
    else:
        hint = [f"`{PROGRAM} expire --yes` removes all that are not skipped."] * bool(found)
        output.print([entry.as_json() for entry in found], lambda: "\n".join([_listing(found, known), *hint]))
    try:
        left = _remove(found) if yes else []
    except OperationCancelledError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return INTERRUPTED
    for problem in problems:
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return FAILED if left or problems else DONE


def _listing(found: Sequence[Expired], known: Collection[str]) -> str:
    lines = ["Nothing has expired." if not found else "Expired:"]
    for entry in found:
        lines += [f"  stack '{entry.name}'{f', on {entry.since}' if entry.since else ''}", f"    {entry.lost}"]
        if obstacle := entry.obstacle():
            lines.append(f"    skipped: {obstacle}")
    if others := engine_objects.list_owners(except_ids={*known, *stack_states.identities()}):
        lines += ["Not checked, because they belong to other homes or backends:", *(f"  {owner}" for owner in others)]
    return "\n".join(lines)


def _remove(found: Sequence[Expired]) -> list[str]:
    """Remove all stacks that are not blocked, users of shared resources first.

    Returns:
        Names of the stacks that were not removed.
    """
    waiting, failed = list(found), list[str]()
    while ready := [entry for entry in waiting if not entry.obstacle()]:
        for entry in ready:
            waiting.remove(entry)
            if not _remove_one(entry):
                failed.append(entry.name)
    done = [entry for entry in found if entry.name not in failed and entry not in waiting]
    say(f"Removed: {', '.join(entry.name for entry in done if not entry.is_kept) or 'nothing'}.")
    if kept := [entry.name for entry in done if entry.is_kept]:
        say(f"Soft-deleted and kept for their retention: {', '.join(kept)}.")
    for entry in waiting:
        say(f"Skipped: stack '{entry.name}', {entry.obstacle()}.")
    return [*failed, *(entry.name for entry in waiting)]


def _remove_one(entry: Expired) -> bool:
    say(f"\nRemoving stack '{entry.name}' ...")
    try:
        with recorded(entry.context, _RECORDED, {}):
            if entry.deletion:
                deleted_stacks.purge(entry.context, early=False)
            else:
                _take_down(entry)
    except OperationCancelledError:
        raise
    except (MlWorkspaceError, OSError) as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return False
    return True


def _take_down(entry: Expired) -> None:
    removal_notes.begin(entry.context, entry.stack_id)
    down.down(entry.context, require=lambda checkpoint: entry.require(checkpoint, now=datetime.now(UTC)))
    removal_notes.end(entry.context)
