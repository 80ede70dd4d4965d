"""Commands for whole workspaces, for the table of all commands."""

from __future__ import annotations

from dataclasses import replace

from mlw.command import DONE, FAILED, FAILURE, STACK, Argument, Command

_GIVEN = (
    "The passphrase comes from --passphrase-file, MLW_ARCHIVE_PASSPHRASE or MLW_ARCHIVE_PASSPHRASE_FILE, else it is "
    "typed unseen."
)
_PASSPHRASE_FILE = Argument(name="--passphrase-file", metavar="PATH", help="file with the passphrase of the archive")

ARCHIVE: tuple[Command, ...] = (
    Command(
        path=("backup",),
        handler="mlw.archive.back_up:back_up",
        summary="write a whole workspace into one encrypted file",
        details="State, stack file, and every volume: blobs with all versions, key vault with its keys, images, "
        "telemetry, principals. The containers are paused together while their volumes are copied; clients wait, and "
        f"go on. The file is encrypted and readable by you alone; it appears when it is whole. {_GIVEN}",
        arguments=(
            STACK,
            Argument(name="file", metavar="FILE", help="where to; an older archive there is replaced at the end"),
            _PASSPHRASE_FILE,
        ),
        exit_codes={DONE: "written", FAILED: FAILURE},
    ),
    Command(
        path=("restore",),
        handler="mlw.archive.restore:restore",
        summary="make a workspace from the file of a backup",
        details="Checks the whole file first, makes the volumes, hands the state over to this state backend, encrypted "
        "for this home, and runs `make up`. The stack gets an identity of its own, and takes nothing from the one that "
        "was backed up. Resources are named as the stack file says: where those names are in use, it says what to "
        f"set. If it was interrupted, run it again, or remove what is there with `make down`. {_GIVEN}",
        arguments=(
            Argument(name="file", metavar="FILE", help="what `mlw backup` wrote"),
            replace(STACK, name="--stack", help="name of the new stack; by default that of the backup"),
            _PASSPHRASE_FILE,
        ),
        exit_codes={DONE: "restored, the workspace is up", FAILED: FAILURE},
    ),
    Command(
        path=("move",),
        handler="mlw.archive.move:move",
        summary="take a stack's state to another Pulumi backend",
        details="Containers, data and identity stay as they are. The state is written to the other backend and read "
        "back before the one here is removed; if that was interrupted, run it again, from either side. Needs whatever "
        "opens both backends, e.g. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Stacks that share resources stay in "
        "one backend.",
        arguments=(
            STACK,
            Argument(
                name="--backend", metavar="URL", help="the other backend, as in PULUMI_BACKEND_URL", required=True
            ),
            Argument(name="--passphrase-file", metavar="PATH", help="file with another passphrase for the state there"),
        ),
        exit_codes={DONE: "moved", FAILED: FAILURE},
    ),
)
