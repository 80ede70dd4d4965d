"""Rows of the table of commands: what removes stacks whose time is over."""

from __future__ import annotations

from mlw.command import DONE, FAILED, FAILURE, JSON, STACK, Argument, Command

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
    Command(
        path=("deleted", "list"),
        handler="mlw.deletion.deleted:list_deleted",
        summary="soft-deleted workspaces, and until when they are kept",
        details="One line for each workspace of this backend that `make down` has deleted and kept "
        "(`ml-workspace:workspace.softDeleteRetentionInDays`). PURGE says whether it can be purged: `allowed`, "
        "`protected` by its key vault's purge protection, or `begun`. Those of other homes and backends on the same "
        "engine are named below.",
        arguments=(JSON,),
        exit_codes={DONE: "listed", FAILED: FAILURE},
    ),
    Command(
        path=("deleted", "recover"),
        handler="mlw.deletion.deleted:recover",
        summary="bring a soft-deleted workspace back",
        details="Brings back a workspace with its blobs and their versions, secrets, images, telemetry, keys and GUID, "
        "by an ordinary `make up` of what was kept. Ports may be others if theirs were taken meanwhile. A stack file "
        "that is gone is put back. If it was interrupted, run it again.",
        arguments=(STACK,),
        exit_codes={DONE: "it is up again", FAILED: FAILURE},
    ),
    Command(
        path=("deleted", "purge"),
        handler="mlw.deletion.deleted:purge",
        summary="remove a soft-deleted workspace for good",
        details="Without --yes says what would be lost. With it removes volumes, state and all the rest of a "
        "soft-deleted workspace, and proves by inventory that nothing is left; its names are free then. Refused while "
        "the key vault's purge protection holds. If it was interrupted, run it again.",
        arguments=(STACK, Argument(name="--yes", help="remove it")),
        exit_codes={DONE: "removed", FAILED: f"nothing was removed without --yes; or {FAILURE}"},
    ),
)
