"""Repairs a stack after a crash, so that the next command can continue.

A killed run can leave: Pulumi's lock, running plugins, an empty or truncated state file, objects on the engine that are
not in the state, and unfinished creations in the state. :meth:`Recovery.recover` resolves all of them while it holds
Pulumi's own lock. Data is never removed: orphan volumes stay, and the program reuses them.

:meth:`Recovery.repair` then compares the engine with the state: changes to containers outside of the project are
undone; removed or stopped objects are refreshed, so that the next update recreates or starts them; a missing data
volume is an error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.host import atomic_files, engine_address
from mlw.activity import run_recording
from mlw.lifecycle import (
    backend_sidecars,
    checkpoints,
    container_drift,
    engine_objects,
    identity_lookup,
    pulumi_cli,
    run_processes,
    sealed_key_vault,
    stack_locks,
    stack_ports,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Say, show
from mlw.lifecycle.engine_objects import Engine
from mlw.lifecycle.lifecycle_errors import DamagedStateError, DataLossError
from mlw.lifecycle.object_comparison import (
    Comparison,
    EngineObject,
    compare,
    describe,
    irreplaceable,
)
from mlw.lifecycle.pulumi_operations import Perform, perform
from mlw.lifecycle.stack_context import Context

RESERVATION = "EngineReservation"
"""Type of the resource that holds the stack's claims, and releases them when it is deleted."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Recovery of one stack.

    Attributes:
        stack_id: The stack's identity, if already known; a removed state no longer contains it.
    """

    context: Context
    stack_id: str | None = None
    say: Say = show
    engine: Engine = engine_objects
    perform: Perform = perform
    undo_drift: Callable[[Checkpoint, Say], bool] = container_drift.undo

    def recover(self) -> None:
        """Clean up after a killed run. Costs two calls to the engine when there is nothing.

        Raises:
            EngineUnreachableError: The engine does not respond; nothing was changed.
            StackBusyError: Another command is working on the stack.
            DamagedStateError: The state is damaged and cannot be restored.
            WrongPassphraseError: Something has to be done, and the passphrase is wrong; nothing was changed.
        """
        context = self.context
        found = self.found()
        self._refuse_emptied_state(found)
        run_recording.catch_up(context)
        was_killed = stack_locks.clear_stale(context, say=self.say) > 0
        if context.backend_folder is None:
            return
        if not was_killed and not self._needs_a_look(found):
            return
        with stack_locks.hold_pulumi_lock(context):
            self.end_leftover_processes()
            backend_sidecars.repair(context, say=self.say)
            self._resolve(self._sound_state(self.found()))

    def _refuse_emptied_state(self, found: Sequence[EngineObject]) -> None:
        """Refuse to start over next to the data of a stack whose state was emptied by hand."""
        context = self.context
        checkpoint = None
        with contextlib.suppress(DamagedStateError):
            checkpoint = state_files.read(context)
        if checkpoint is None or not identity_lookup.is_emptied(checkpoint):
            return
        volumes = [item for item in found if item.kind == "volume"]
        backup = state_files.newest_backup(context)
        if volumes and backup:
            raise DataLossError(
                f"looking for the resources of stack '{context.stack}': its state in '{context.state_file}' holds "
                f"none, but the engine holds its data: {describe(volumes)}. The keys to it are in the backup of the "
                f"state. Restore it with `cp {backup[0]} {context.state_file}`, or remove the data with `make down "
                f"STACK={context.stack}`."
            )

    def found(self) -> list[EngineObject]:
        """The stack's objects on the engine."""
        return self.engine.list_objects(self.context, self.stack_id)

    def _needs_a_look(self, found: Sequence[EngineObject]) -> bool:
        if backend_sidecars.damaged(self.context):
            return True
        if not state_files.exists(self.context):
            return bool(found)
        try:
            checkpoint = state_files.read(self.context)
        except DamagedStateError:
            return True
        return bool(checkpoint and (_compare(found, checkpoint).removable_orphans or checkpoint.pending))

    def end_leftover_processes(self) -> None:
        """Stop the plugins of a killed run, before they create objects that no state contains."""
        leftover = run_processes.of_run(self.context.run)
        if leftover:
            self.say(f"Stopping {len(leftover)} process(es) left by an earlier run.")
            run_processes.end(leftover)

    def _sound_state(self, found: Sequence[EngineObject]) -> Checkpoint | None:
        context = self.context
        if state_files.exists(context) or (found and state_files.newest_backup(context)):
            state_files.heal(context, say=self.say)
            return state_files.read(context)
        volumes = [item for item in found if item.kind == "volume"]
        if volumes:
            raise DamagedStateError(
                f"looking for the state of stack '{context.stack}': there is none in '{context.state_file}', and no "
                f"backup, but the engine holds its data: {describe(volumes)}. The keys to that data were in the state. "
                f"Put a backup of the state there, or remove the data with `make down STACK={context.stack}`."
            )
        return None

    def _resolve(self, checkpoint: Checkpoint | None) -> None:
        self.remove_orphans(checkpoint)
        if checkpoint is None:
            return
        volumes = self._compared(checkpoint).orphan_volumes
        if volumes:
            self.say(f"Keeping for reuse: {describe(volumes)}.")
        if checkpoint.has_pending_creates() and self.context.state_file:
            self.require_passphrase(checkpoint)
            if not checkpoint.has(RESERVATION):
                # Otherwise its claims would never be released.
                stack_ports.release(self.stack_id or identity_lookup.find(self.context))
            begun = [o["resource"]["urn"].rpartition("::")[2] for o in checkpoint.pending if o["type"] == "creating"]
            self.say(f"Dropping unfinished creations of a killed run: {', '.join(begun)}.")
            kept = checkpoints.without_pending_creates(checkpoint)
            atomic_files.write(self.context.state_file, kept, durable=True)

    def _compared(self, checkpoint: Checkpoint | None) -> Comparison:
        return _compare(self.found(), checkpoint)

    def remove_orphans(self, checkpoint: Checkpoint | None) -> None:
        """Remove containers, networks and reservations that are not in the state; volumes stay.

        Raises:
            WrongPassphraseError: There are some, and the passphrase does not decrypt the state; nothing was changed.
        """
        # Twice at most: a request that the engine was processing when its sender died may end after the first check.
        for _ in range(2):
            orphans = self._compared(checkpoint).removable_orphans
            if not orphans:
                return
            if checkpoint:
                self.require_passphrase(checkpoint)
            self.say(f"Removing leftovers of a killed run: {describe(orphans)}.")
            self.engine.remove(orphans)

    def require_passphrase(self, checkpoint: Checkpoint) -> None:
        """Make sure that the passphrase decrypts the state, before anything that cannot be undone.

        Raises:
            WrongPassphraseError: It does not.
        """
        if checkpoint.salt is not None:
            pulumi_cli.query(self.context, ["stack", "export", "--show-secrets", f"--stack={self.context.stack}"])

    def repair(self) -> Checkpoint | None:
        """Revert changes outside of the project, and refresh what was removed, stopped or sealed.

        Returns:
            The state; None if there is none that can be read.

        Raises:
            DataLossError: A data volume is missing that nobody asked to remove.
        """
        checkpoint = None
        with contextlib.suppress(DamagedStateError):
            checkpoint = state_files.read(self.context)
        if checkpoint is None:
            return None
        comparison = self._compared(checkpoint)
        self._refuse_lost_data(comparison, checkpoint)
        if self.undo_drift(checkpoint, self.say):
            comparison = self._compared(checkpoint)
        changed = [*comparison.lost, *comparison.stopped]
        if changed:
            self.say(f"Removed or stopped outside of the project: {describe(changed)}. Repairing it.")
        closed = sealed_key_vault.closed_key_vault(checkpoint)
        if closed:
            self.say("The key vault is sealed. Unsealing it.")
        if changed or closed:
            self.perform(self.context, "refresh", *[f"--target={item.urn}" for item in [*changed, *closed]])
        return checkpoint

    def _refuse_lost_data(self, comparison: Comparison, checkpoint: Checkpoint) -> None:
        going, stack = checkpoint.urns_being_deleted(), self.context.stack
        volumes = irreplaceable([item for item in comparison.lost if item.urn not in going])
        if volumes:
            raise DataLossError(
                f"checking the data of stack '{stack}': the engine at {engine_address.address()} has no "
                f"{describe(volumes)}, which the state contains. An empty volume would hide the loss. Use the "
                "engine where the stack was created, or restore the volume; if you do not need the data, start "
                f"over with `make down STACK={stack}` and `make up STACK={stack}`."
            )


def _compare(found: Sequence[EngineObject], checkpoint: Checkpoint | None) -> Comparison:
    if checkpoint is None:
        return compare(found, [], is_reserved=False)
    return compare(found, checkpoint.docker_objects(), is_reserved=checkpoint.has(RESERVATION))
