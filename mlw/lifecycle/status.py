"""Compares a stack's state with the engine, and prints the result. Changes nothing."""

from __future__ import annotations

from infra.clients.engine import soft_deletions
from infra.clients.engine.soft_deletions import SoftDeletion
from infra.clients.state import stack_states
from mlw.lifecycle import (
    container_drift,
    display,
    engine_objects,
    foreign_resources,
    service_readiness,
    soft_deleting,
    stack_locks,
    state_files,
)
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import DamagedStateError, LifecycleError
from mlw.lifecycle.object_comparison import EngineObject, compare, describe
from mlw.lifecycle.stack_context import Context


def status(context: Context) -> None:
    """Print the stack's condition.

    Raises:
        LifecycleError: State and engine differ; the message says what to do.
    """
    found = engine_objects.list_objects(context)
    held = stack_locks.pulumi_locks(context)
    for lock in held:
        say(f"locked ({lock.verdict}) by {lock.owner}")
    try:
        checkpoint = state_files.read(context)
    except DamagedStateError as exc:
        raise LifecycleError(f"{exc} `make up STACK={context.stack}` restores the newest valid backup.") from exc
    if checkpoint is None:
        _tell_absence(context, found)
    elif deletion := soft_deleting.find(context, checkpoint):
        _tell_deletion(context, deletion, found)
    else:
        _tell_condition(context, checkpoint, found)


def _tell_absence(context: Context, found: list[EngineObject]) -> None:
    if found:
        raise LifecycleError(f"stack '{context.stack}' has no state, but the engine holds {describe(found)}.")
    say(f"Stack '{context.stack}' is not up.")
    for owner, objects in engine_objects.list_namesakes(context).items():
        say(f"On the engine is another stack of this name: {describe(objects)}, of {owner}.")


def _tell_condition(context: Context, checkpoint: Checkpoint, found: list[EngineObject]) -> None:
    problems = _problems(context, found)
    _remark(checkpoint, context.stack)
    say(f"Stack '{context.stack}': {len(checkpoint.resources)} resources, {len(found)} objects on the engine.")
    if problems:
        raise LifecycleError(
            f"stack '{context.stack}' differs from its state: {'; '.join(problems)}. `make up "
            f"STACK={context.stack}` repairs it."
        )
    service_readiness.require_ready(context.stack, checkpoint, patience_seconds=0)
    say(display.endpoints(context.stack, checkpoint.outputs))


def _remark(checkpoint: Checkpoint, stack: str) -> None:
    """Print remarks that are not errors."""
    if stack_states.is_earlier_version(checkpoint.resources):
        say(f"It was created by an earlier version of the project; `make up STACK={stack}` upgrades it.")
    if foreign := foreign_resources.find(checkpoint):
        say(foreign_resources.describe(foreign, stack))


def _tell_deletion(context: Context, deletion: SoftDeletion, found: list[EngineObject]) -> None:
    volumes = [item for item in found if item.kind == "volume" and item.name != deletion.volume]
    refusal = soft_deletions.refusal(deletion, stack=context.stack)
    say(f"Stack '{context.stack}' is not up; the engine holds its {len(volumes)} volumes: {refusal}")
    if running := [item for item in found if item.kind != "volume"]:
        raise LifecycleError(
            f"stack '{context.stack}' is soft-deleted, and its deletion was interrupted: there is still "
            f"{describe(running)}. `make down STACK={context.stack}` finishes it."
        )


def _problems(context: Context, found: list[EngineObject]) -> list[str]:
    checkpoint = state_files.read(context)
    if checkpoint is None:
        return []
    comparison = compare(found, checkpoint.docker_objects())
    problems = [
        f"{words} {describe(items)}"
        for words, items in (
            ("unknown", comparison.orphans),
            ("gone", comparison.lost),
            ("stopped", comparison.stopped),
        )
        if items
    ]
    problems += [f"changed {drift}" for drift in container_drift.drifts(checkpoint)]
    if not checkpoint.outputs.get("endpoints"):
        problems.append("its last update did not finish")
    if checkpoint.pending:
        problems.append(f"{len(checkpoint.pending)} operation(s) of a killed run")
    return problems
