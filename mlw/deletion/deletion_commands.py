"""Rows of the table of commands: what removes stacks whose time is over."""

from __future__ import annotations

from mlw.command import DONE, FAILED, FAILURE, JSON, Argument, Command

DELETION: tuple[Command, ...] = (
    Command(
        path=("expire",),
        handler="mlw.deletion.expire:expire",
        summary="workspaces that have expired; with --yes, remove them",
        details="Lists the stacks of this backend whose `ml-workspace:expiresAfter` or `expiresOn` is past, and what "
        "would be lost with each. With --yes each one is removed as by `make down`. A stack that is locked, or that "
        "another workspace uses, is left, and named with the reason; a failure does not stop the others. Stacks of "
        "other homes and backends on the same engine are named and left alone.",
        arguments=(
            Argument(name="--yes", help="remove what is listed", either="what"),
            Argument(name="--timer", help="print a systemd timer and a line for cron; installs nothing", either="what"),
            JSON,
        ),
        exit_codes={
            DONE: "listed or printed; with --yes, all of it was removed",
            FAILED: f"with --yes, something that has expired is still there; or {FAILURE}",
        },
    ),
)
