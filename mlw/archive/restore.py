"""`mlw restore`: creates a stack from an archive, with its own identity and the same data.

The whole archive is checked before anything is created. Then the stack file, a note with the identity of the stack, the
volumes, and last the state are written. A run that is killed before the state is written leaves the note: the next run
removes what was created and starts over, and `make down` removes it permanently.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from infra.clients.engine.engine_inventory import Inventory
from infra.clients.engine.volume_streams import fill_new_volume
from infra.clients.state import known_stacks, state_passphrase
from infra.errors import ArchiveError, ForeignObjectError, MlWorkspaceError
from infra.rules.violation import ConfigurationError
from infra.stack_files.yaml_document import DocumentError
from mlw.activity.recorded import Recorded
from mlw.activity.recording import recorded
from mlw.archive import passphrases, placement, restored_files
from mlw.archive.contents import VOLUMES, Contents, opened_members, verify
from mlw.archive.copy_progress import Copied, counted, say
from mlw.archive.interruptions import ending_in_order
from mlw.archive.state_rewriting import Renaming, resource_names
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE
from mlw.lifecycle import (
    engine_objects,
    restore_notes,
    stack_commands,
    stack_context,
    stack_locks,
    stack_ports,
    state_files,
    unfinished_restore,
)
from mlw.lifecycle.restore_notes import RestoreNote
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.state_transfer import Exported, clear_own_lock, import_state

_RECORDED = Recorded(operation="Microsoft.MachineLearningServices/workspaces/restore/action")

INSTANCES = 20
"""How many values of `ml-workspace:instance` are tried for a copy next to the original."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What will be created.

    Attributes:
        names: Maps each volume of the archive to its name here.
        state: The state of the new stack.
    """

    stack_id: str
    names: dict[str, str]
    state: Exported
    image: str


@command(
    examples=("mlw restore dev.mlw", "mlw restore dev.mlw --stack dev2"),
    exit_codes={DONE: "restored, the workspace is up", FAILED: FAILURE},
)
@click.argument("file", metavar="FILE", type=FILE, help="A file that `mlw backup` wrote.")
@click.option("--stack", metavar="STACK", help="Name of the new stack; the default is the name in the backup.")
@passphrases.OPTION
def restore(file: Path, stack: str | None, passphrase_file: Path | None) -> int:
    """Create a workspace from a backup.

    Checks the whole file first, creates the volumes, writes the state to this state backend, encrypted for this home,
    and runs `make up`. The stack gets its own identity and takes nothing from the stack that was backed up. Resources
    have the names in the stack file; where these are in use, the message says what to set. If it was interrupted, run
    it again, or remove what is there with `make down`.

    The passphrase comes from --passphrase-file, MLW_ARCHIVE_PASSPHRASE or MLW_ARCHIVE_PASSPHRASE_FILE; otherwise it is
    prompted for.
    """
    path = file.absolute()
    passphrase = passphrases.read(passphrase_file, new=False)
    with ending_in_order():
        say(f"Checking the archive '{path}'.")
        checked = Copied("checked")
        contents = verify(path, passphrase, lambda _, position: checked(position))
        context = stack_context.load(stack or contents.manifest.stack, os.environ)
        context.prepare_folders()
        with (
            recorded(context, _RECORDED, {}) as outcome,
            stack_locks.exclusive(context, "mlw restore", say=say),
        ):
            outcome |= {"from": contents.manifest.stack, "made": contents.manifest.made}
            if restore_notes.read(context):
                clear_own_lock(context, say=say)
            else:
                stack_locks.clear_stale(context, say=say)
            if not _was_restored(context, path):
                _refuse_existing(context)
                _remove_unfinished(context)
                _restore(context, path, passphrase, contents)
    say(f"Restored: the data of stack '{contents.manifest.stack}' as of {contents.manifest.made}. Starting it.")
    stack_commands.up(context)
    return DONE


def _was_restored(context: Context, path: Path) -> bool:
    """Whether an earlier run of the same restore was interrupted after its last step."""
    note = restore_notes.read(context)
    return note is not None and note.archive == str(path) and unfinished_restore.is_whole(context, note.stack_id)


def _refuse_existing(context: Context) -> None:
    checkpoint = state_files.read(context)
    if checkpoint is not None and checkpoint.resources:
        raise ArchiveError(
            f"restoring stack '{context.stack}': this state backend already has a stack of this name. Nothing was "
            "changed. Give another name with --stack, or remove that stack first with `make down "
            f"STACK={context.stack}`."
        )


def _remove_unfinished(context: Context) -> None:
    """Remove what an interrupted restore of the stack has created; none of it was ever in use."""
    note = restore_notes.read(context)
    if note is None:
        restore_notes.end(context)
        return
    found = engine_objects.list_objects(context, note.stack_id)
    if found:
        say(f"Removing {len(found)} objects that an interrupted restore has left.")
        engine_objects.remove(found)
    stack_ports.release(note.stack_id)
    known_stacks.forget(note.stack_id)
    restore_notes.end(context)


def _restore(context: Context, path: Path, passphrase: str, contents: Contents) -> None:
    # A home without a passphrase has not been set up; the state, which is written last, needs it.
    state_passphrase.read(context.environment)
    is_new = restored_files.write(context, contents, say=say)
    held = placement.inventory()
    stack_id = secrets.token_hex(16)
    try:
        renamed = _renamed(context, contents, stack_id, held)
    except (ForeignObjectError, ConfigurationError) as taken:
        if not is_new or context.stack == contents.manifest.stack:
            raise
        renamed = _renamed_elsewhere(context, contents, stack_id, held, taken)
    placement.judge(context, renamed)
    image = placement.any_image(held, renamed)
    # From here on objects are created: the note says whose they are.
    restore_notes.begin(context, RestoreNote(stack_id=stack_id, archive=str(path)))
    known_stacks.remember(stack_id, stack=context.stack)
    plan = Plan(
        stack_id=stack_id,
        names=_volume_names(contents, renamed),
        state=placement.claim(renamed, stack_id, held),
        image=image,
    )
    _make_volumes(path, passphrase, contents, plan)
    restored_files.encrypt_anew(context, contents, say=say)
    import_state(context, plan.state)
    restore_notes.end(context)


def _renamed(context: Context, contents: Contents, stack_id: str, held: Inventory) -> Exported:
    renaming = Renaming(
        stacks=(contents.manifest.stack, context.stack),
        identities=(contents.manifest.stack_id, stack_id),
        made_by=known_stacks.describe_origin(),
        resources=placement.new_names(context, contents),
    )
    return placement.rename(contents.state, renaming, held)


def _renamed_elsewhere(
    context: Context, contents: Contents, stack_id: str, held: Inventory, taken: MlWorkspaceError
) -> Exported:
    """Use the first instance whose names are free: a copy next to the original, in its own stack file."""
    for instance in (f"{number:03}" for number in range(2, 2 + INSTANCES)):
        try:
            restored_files.set_instance(context, instance)
            found = _renamed(context, contents, stack_id, held)
        except (ForeignObjectError, ConfigurationError):
            _refuse_fixed_names(context, contents)
        except DocumentError:
            break
        else:
            say(
                "The names of the backup's resources are in use, so this stack uses another instance: "
                f"{restored_files.INSTANCE} is '{instance}' in '{context.stack_file}'."
            )
            return found
    raise taken


def _refuse_fixed_names(context: Context, contents: Contents) -> None:
    """List the names that do not depend on the instance, so the user has to choose them."""
    try:
        names = placement.new_names(context, contents)
    except ConfigurationError:
        return
    fixed = {key: name for key, name in resource_names(contents.state).items() if names[name] == name}
    if fixed:
        order = placement.additional_names(contents.stack_file)
        keys = ", ".join(
            f"'ml-workspace:{placement.ADDITIONAL}[{order.index(name)}].name'"
            if name in order
            else f"'ml-workspace:{key}.name'"
            for key, name in fixed.items()
        )
        raise ArchiveError(
            f"restoring stack '{context.stack}': the names of the backup's resources are in use on this engine or "
            f"in this backend, and some of them are set in the stack file. No volume was created. Set {keys} in "
            f"'{context.stack_file}' to other names, and run the command again."
        )


def _volume_names(contents: Contents, renamed: Exported) -> dict[str, str]:
    """Map each volume in the archive to its new name: renaming keeps the order of the resources."""
    before, now = placement.volume_labels(contents.state), placement.volume_labels(renamed)
    return dict(zip(before, now, strict=True))


def _make_volumes(path: Path, passphrase: str, contents: Contents, plan: Plan) -> None:
    labels = placement.volume_labels(plan.state)
    folders = contents.manifest.folders
    with opened_members(path, passphrase) as (_, reader):
        done = 0
        for member, content in reader.members():
            before = member.removeprefix(VOLUMES)
            if before == member:
                continue
            name, done = plan.names[before], done + 1
            label = f"volume {done} of {len(folders)}, '{name}'"
            say(f"  {label}")
            fill_new_volume(
                name, _pieces(counted(content, label)), folder=folders[before], labels=labels[name], image=plan.image
            )


def _pieces(content: Iterator[bytes]) -> Iterator[bytes]:
    # An empty chunk would end a chunked request.
    return (piece for piece in content if piece)
