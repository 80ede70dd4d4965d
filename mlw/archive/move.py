"""`mlw move`: moves a stack's state to another Pulumi backend; objects on the engine and the identity stay.

The state is written to the new backend and read back before the old one is removed. A note says which of the two is
valid, so a run that is killed at any point leaves exactly one valid state, and the next run finishes the move.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from infra.clients.state import known_stacks, stack_states
from infra.errors import ArchiveError, SharedResourceError, UnknownStackError
from infra.host import state_backend
from infra.rules.stack.deployed_resources import users_of
from mlw.activity.recorded import Recorded
from mlw.archive.copy_progress import say
from mlw.archive.interruptions import ending_in_order
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import FILE, STACK
from mlw.lifecycle import (
    move_notes,
    private_stack_file,
    pulumi_cli,
    stack_locks,
    state_files,
    unfinished_restore,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import LifecycleError
from mlw.lifecycle.move_notes import MoveNote
from mlw.lifecycle.pulumi_operations import require_present_version
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.state_transfer import clear_own_lock, export_state, import_state
from mlw.stacks.stacks import Stack, context_of, open_stack

PASSPHRASE, PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
ASSOCIATED = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")


@command(
    examples=(
        "mlw move dev --backend 's3://states?endpoint=http://127.0.0.1:9000'",
        "mlw move dev --backend file:///srv/states",
    ),
    exit_codes={DONE: "moved", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.MachineLearningServices/workspaces/moveState/action"),
)
@STACK
@click.option("--backend", metavar="URL", required=True, help="The other backend, as in PULUMI_BACKEND_URL.")
@click.option("--passphrase-file", metavar="PATH", type=FILE, help="File with another passphrase for the state there.")
def move(stack: str, backend: str, passphrase_file: Path | None) -> int:
    """Move a stack's state to another Pulumi backend.

    Containers, data and identity stay as they are. The state is written to the other backend and read back before the
    state here is removed. If it was interrupted, run it again, from either side. Needs the credentials of both
    backends, e.g. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Stacks that share resources have to stay in one backend.
    """
    here = context_of(stack)
    target = state_backend.completed(backend)
    here.prepare_folders()
    with ending_in_order(), stack_locks.exclusive(here, "mlw move", say=say):
        note = move_notes.find(here)
        is_resumed = note is not None
        if note is None:
            note = _begun(here, _elsewhere(here, target, passphrase_file))
        elif state_backend.backend_id(note.target) != state_backend.backend_id(target):
            raise LifecycleError(
                f"moving stack '{here.stack}' to '{target}': its move to '{note.target}' was interrupted. Finish that "
                f"first: `mlw move {here.stack} --backend '{note.target}'`."
            )
        source = _elsewhere(here, note.source, None)
        there = _elsewhere(here, note.target, passphrase_file)
        other = there if note.is_from(here) else source
        other.prepare_folders()
        with stack_locks.exclusive(other, "mlw move", say=say):
            if is_resumed:
                # Only an interrupted move can hold the lock of the state that is not the valid one.
                clear_own_lock(source if note.copied else there, say=say)
            _finish(note, source, there)
    print(f"Moved: the state of stack '{here.stack}' is in '{note.target}'. Set PULUMI_BACKEND_URL to it.")
    return DONE


def _elsewhere(context: Context, backend: str, passphrase_file: Path | None) -> Context:
    """The same stack in another backend."""
    environment = {**context.environment, state_backend.VARIABLE: backend}
    if passphrase_file:
        path = Path(passphrase_file).absolute()
        if not path.is_file():
            raise ArchiveError(f"reading the passphrase '{path}': no such file. Give a file that you can read.")
        environment.pop(PASSPHRASE, None)
        environment[PASSPHRASE_FILE] = str(path)
    return replace(context, environment=environment)


def _begun(here: Context, there: Context) -> MoveNote:
    """Record that a move begins, if it is allowed."""
    if there.backend_id == here.backend_id:
        raise LifecycleError(
            f"moving stack '{here.stack}': its state is already in '{here.backend_url}'. Give another backend."
        )
    unfinished_restore.refuse(here)
    stack = open_stack(here.stack)
    Recovery(context=here, say=say).recover()
    require_present_version(here)
    _refuse_shared(stack)
    if private_stack_file.has_encrypted_values(here) and _passphrases(here) != _passphrases(there):
        raise LifecycleError(
            f"moving stack '{here.stack}' to another passphrase: '{here.stack_file}' has values that are encrypted "
            "with the old one. Nothing was changed. Move it with the old passphrase, then run `pulumi stack "
            "change-secrets-provider passphrase`, which changes both."
        )
    checkpoint = _read(there)
    if checkpoint is not None and checkpoint.resources:
        raise LifecycleError(
            f"moving stack '{here.stack}': '{there.backend_url}' already has a stack of this name. Nothing was "
            "changed. Give another backend, or remove or rename that stack."
        )
    if stack.checkpoint.pending:
        raise LifecycleError(
            f"moving stack '{here.stack}': its last update did not finish. Run `make up STACK={here.stack}` first."
        )
    return move_notes.write(
        MoveNote(stack=here.stack, stack_id=stack.stack_id, source=here.backend_url, target=there.backend_url)
    )


def _passphrases(context: Context) -> tuple[str | None, str | None]:
    return context.environment.get(PASSPHRASE), context.environment.get(PASSPHRASE_FILE)


def _read(context: Context) -> Checkpoint | None:
    context.prepare_folders()
    return state_files.read(context)


def _refuse_shared(stack: Stack) -> None:
    """Reject a stack that shares resources: such stacks find each other in their backend, so none can leave alone.

    Raises:
        SharedResourceError: It shares some.
    """
    own = [str(one["inputs"]["resourceId"]) for one in stack.components]
    others = stack_states.deployed(except_id=stack.stack_id)
    users = sorted({user for identity in own for user in users_of(identity, others)})
    record = stack.require_outputs()["workspace"]
    used = [str(record[key]) for key in ASSOCIATED if str(record[key]) not in own]
    if users or used:
        what = f"stacks {', '.join(map(repr, users))} use its resources" if users else f"it uses {', '.join(used)}"
        raise SharedResourceError(
            f"moving stack '{stack.name}': {what}; stacks that share resources have to stay in the same backend. "
            "Nothing was changed."
        )


def _finish(note: MoveNote, source: Context, there: Context) -> None:
    if not note.copied:
        _copy(source, there)
        note = move_notes.switch(note)
    known_stacks.remember(note.stack_id, stack=note.stack, backend=note.target)
    if _read(source) is not None:
        say(f"Removing the state from '{note.source}'.")
        pulumi_cli.query(source, [*pulumi_cli.remove_stack(source), "--force"])
    state_files.remove_leftovers(source)
    move_notes.end(note)


def _copy(source: Context, there: Context) -> None:
    """Write the state to the new backend, over anything an interrupted run has left there."""
    with stack_locks.hold_pulumi_lock(source):
        exported = export_state(source)
        if not exported["deployment"].get("resources"):
            raise UnknownStackError(f"moving stack '{source.stack}': '{source.backend_url}' has no such stack.")
        say(f"Writing the state to '{there.backend_url}'.")
        there.prepare_folders()
        import_state(there, exported)
