"""Takes a stack down and proves that nothing of it is left.

Works from three sources that need not agree: the state (pulumi destroys what it knows), the labels on the engine (what
the state does not know goes too) and the files of the state. Objects without both of the stack's labels are never
touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlw.lifecycle import (
    backend_sidecars,
    display,
    engine_objects,
    private_stack_file,
    pulumi_cli,
    recovery,
    stack_locks,
    stack_ports,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import DamagedStateError, LeftoversError
from mlw.lifecycle.object_comparison import EngineObject, describe
from mlw.lifecycle.pulumi_operations import perform
from mlw.lifecycle.stack_context import Context
from mlw.output import table


@dataclass(frozen=True)
class Remains:
    """What is left of a stack."""

    objects: list[EngineObject]
    ports: list[int]
    files: list[Path]

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return bool(self.objects or self.ports or self.files)

    def of_kind(self, kind: str) -> str:
        """Names of the objects of one kind, or the word for nothing."""
        return ", ".join(item.name for item in self.objects if item.kind == kind) or "none"


def down(context: Context) -> None:
    """Destroy the stack, its state and its leftovers, and print the proof.

    Raises:
        LeftoversError: Something could not be removed.
    """
    found = engine_objects.list_objects(context)
    if not found and not state_files.leftovers(context):
        context.require_stack_file()
    context.prepare_folders()
    with stack_locks.exclusive(context, "make down", say=say):
        claimed = stack_ports.claimed(context)
        checkpoint = _last_state(context)
        if checkpoint is not None:
            _destroy(context, checkpoint)
        _sweep(context)
        stack_ports.release(context)
        private_stack_file.remove_written_salt(context, checkpoint.salt if checkpoint else None)
        state_files.remove_leftovers(context)
        remains = Remains(
            engine_objects.list_objects(context), stack_ports.in_use(claimed.values()), state_files.leftovers(context)
        )
    say(_proof(context, remains, released=len(claimed)))
    if remains:
        raise LeftoversError(f"taking stack '{context.stack}' down: {_list(remains)} could not be removed, see above.")


def _last_state(context: Context) -> Checkpoint | None:
    stack_locks.clear_stale(context, say=say)
    try:
        with stack_locks.hold_pulumi_lock(context):
            recovery.end_leftover_processes(context, say=say)
            backend_sidecars.mend(context, say=say)
            if state_files.exists(context) or (
                engine_objects.list_objects(context) and state_files.newest_backup(context)
            ):
                state_files.heal(context, say=say)
            checkpoint = state_files.read(context)
            # First of all, since a container that the state does not know may use a volume that it does.
            recovery.remove_orphans(context, checkpoint, say=say)
    except DamagedStateError as exc:
        say(f"WARNING: {exc}\nGoing on by the labels on the engine.")
        state_files.put_aside(context)
        return None
    return checkpoint


def _destroy(context: Context, checkpoint: Checkpoint) -> None:
    if checkpoint.resources:
        say(perform(context, "destroy").summary())
    else:
        recovery.require_passphrase(context, checkpoint)
    pulumi_cli.query(context, pulumi_cli.remove_stack(context))


def _sweep(context: Context) -> None:
    left = engine_objects.list_objects(context)
    if left:
        say(f"Removing what the state did not know: {describe(left)}.")
        engine_objects.remove(left)


def _proof(context: Context, remains: Remains, *, released: int) -> str:
    rows = [
        ("containers", remains.of_kind("container")),
        ("networks", remains.of_kind("network")),
        ("volumes", remains.of_kind("volume")),
        ("ports in use", ", ".join(map(str, remains.ports)) or f"none ({released} released)"),
        ("state files", ", ".join(map(str, remains.files)) or "none"),
    ]
    headline = f"Stack '{context.stack}' is {'NOT completely ' if remains else ''}gone."
    return f"{headline} Inventory by its labels:\n\n{table(('what', 'left'), rows, indent=display.INDENT)}\n"


def _list(remains: Remains) -> str:
    objects = [describe(remains.objects)] if remains.objects else []
    ports, files = [f"port {port}" for port in remains.ports], [f"'{path}'" for path in remains.files]
    return ", ".join([*objects, *ports, *files])
