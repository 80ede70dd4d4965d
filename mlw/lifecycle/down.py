"""Takes a stack down and proves that nothing of it is left.

Works from three sources that need not agree: the state (pulumi destroys what it knows), the labels on the engine (what
the state does not know goes too) and the files of the state. Objects without both of the stack's labels are never
touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlw.lifecycle import (
    backend_sidecars,
    display,
    engine_objects,
    foreign_resources,
    identity_lookup,
    lock_refusals,
    move_notes,
    private_stack_file,
    pulumi_cli,
    stack_locks,
    stack_ports,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Say, show
from mlw.lifecycle.engine_objects import Engine
from mlw.lifecycle.lifecycle_errors import DamagedStateError, LeftoversError, LifecycleError
from mlw.lifecycle.object_comparison import EngineObject, describe
from mlw.lifecycle.pulumi_operations import Perform, perform, take_over_earlier_version
from mlw.lifecycle.recovery import Recovery
from mlw.lifecycle.stack_context import Context
from mlw.output import table

Condition = Callable[[Checkpoint | None], None]
"""Raises what forbids the removal."""


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


def down(
    context: Context,
    *,
    require: Condition = lambda _: None,
    say: Say = show,
    engine: Engine = engine_objects,
    perform: Perform = perform,
) -> None:
    """Destroy the stack, its state and its leftovers, and print the proof.

    Args:
        context: The stack.
        require: Refuses, by the state as it is once nobody else works on the stack; None for one that cannot be read.
        say: Told what is done.
        engine: The engine.
        perform: How Pulumi's part is done.

    Raises:
        ScopeLockedError: It has a management lock; nothing was removed.
        LeftoversError: Something could not be removed.
    """
    recovery = Recovery(
        context=context, stack_id=identity_lookup.find(context), say=say, engine=engine, perform=perform
    )
    if not recovery.found() and not state_files.leftovers(context):
        _refuse_namesakes(recovery)
        context.require_stack_file()
    context.prepare_folders()
    with stack_locks.exclusive(context, "make down", say=say):
        move_notes.refuse(context)
        checkpoint = _last_state(recovery, require)
        if checkpoint is not None:
            take_over_earlier_version(context)
        # After that: a stack that was taken over has claims under its identity only now.
        claimed = stack_ports.claimed(recovery.stack_id)
        if checkpoint is not None:
            _destroy(recovery, checkpoint)
        _sweep(recovery)
        stack_ports.release(recovery.stack_id)
        private_stack_file.remove_written_salt(context, checkpoint.salt if checkpoint else None)
        state_files.remove_leftovers(context)
        remains = Remains(recovery.found(), stack_ports.in_use(claimed.values()), state_files.leftovers(context))
    say(_proof(context, remains, released=len(claimed)))
    for owner, objects in engine.list_namesakes(context).items():
        say(f"Left alone, because it is another stack of this name: {_count(objects)} of {owner}.")
    if remains:
        raise LeftoversError(f"taking stack '{context.stack}' down: {_list(remains)} could not be removed, see above.")


def _refuse_namesakes(recovery: Recovery) -> None:
    """Say whose they are, where a stack of this name is only known elsewhere."""
    for owner, objects in recovery.engine.list_namesakes(recovery.context).items():
        raise LifecycleError(
            f"taking stack '{recovery.context.stack}' down: this home and backend have no such stack, but the engine "
            f"holds {_count(objects)} of {owner}. Nothing was removed. Run the command with the MLW_HOME and "
            "PULUMI_BACKEND_URL that it was made with."
        )


def _count(objects: Sequence[EngineObject]) -> str:
    counted = Counter(item.kind for item in objects)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(counted.items()))


def _last_state(recovery: Recovery, require: Condition) -> Checkpoint | None:
    context, say = recovery.context, recovery.say
    stack_locks.clear_stale(context, say=say)
    try:
        with stack_locks.hold_pulumi_lock(context):
            recovery.end_leftover_processes()
            backend_sidecars.repair(context, say=say)
            if state_files.exists(context) or (recovery.found() and state_files.newest_backup(context)):
                state_files.heal(context, say=say)
            checkpoint = state_files.read(context)
            require(checkpoint)
            if checkpoint is not None:
                lock_refusals.refuse_deletion(checkpoint, context.stack, f"taking stack '{context.stack}' down")
            # First of all, since a container that the state does not know may use a volume that it does.
            recovery.remove_orphans(checkpoint)
    except DamagedStateError as exc:
        require(None)
        say(f"WARNING: {exc}\nGoing on by the labels on the engine.")
        state_files.put_aside(context)
        return None
    return checkpoint


def _destroy(recovery: Recovery, checkpoint: Checkpoint) -> None:
    context = recovery.context
    for foreign in reversed(foreign_resources.find(checkpoint)):
        pulumi_cli.query(context, pulumi_cli.forget_resource(context, foreign.urn))
        recovery.say(f"Left as it is, and taken out of the state, since it is not the workspace's: {foreign.title}.")
    if checkpoint.resources:
        recovery.say(recovery.perform(context, "destroy").summary())
    else:
        recovery.require_passphrase(checkpoint)
    _remove_empty_stack(context)


def _remove_empty_stack(context: Context) -> None:
    """Do what `pulumi stack rm` does; where the state is a file, without a start of the CLI."""
    if context.state_file is None:
        pulumi_cli.query(context, pulumi_cli.remove_stack(context))
        return
    with stack_locks.hold_pulumi_lock(context):
        checkpoint = state_files.read(context)
        if checkpoint and checkpoint.resources:
            raise LifecycleError(
                f"removing the state of stack '{context.stack}': another run has made resources meanwhile. Nothing of "
                f"them was removed. Run `make down STACK={context.stack}` again."
            )
        context.state_file.unlink(missing_ok=True)


def _sweep(recovery: Recovery) -> None:
    left = recovery.found()
    if left:
        recovery.say(f"Removing what the state did not know: {describe(left)}.")
        recovery.engine.remove(left)


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
