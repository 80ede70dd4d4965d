"""Upgrades a stack of an earlier version in place: converts its state, keeps its objects.

Objects on the engine are not touched. The old state is kept as a file for `pulumi stack import` with the version that
created it. Everything is written under the stack's lock, the new state last and by Pulumi itself; a kill before that
leaves the stack as it was, and the next run starts over.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.clients.engine import claims
from infra.clients.state import known_stacks, stack_states
from infra.errors import EarlierVersionError
from infra.host import atomic_files
from mlw.lifecycle import pulumi_cli, state_files
from mlw.lifecycle.display import Say
from mlw.lifecycle.stack_context import Context
from mlw.upgrade import earlier_state
from mlw.upgrade.earlier_state import Identity

CLAIMED = ("ports", "subnets")
"""What stacks claim under their identity; earlier versions claimed it under backend and stack name."""


def take_over(context: Context, *, say: Say) -> None:
    """Upgrade the state of a stack of an earlier version; any other stack is left alone.

    Raises:
        EarlierVersionError: The format of the state is unknown; nothing was changed.
        WrongPassphraseError: The passphrase does not decrypt the state; nothing was changed.
        DamagedStateError: The state cannot be read.
    """
    checkpoint = state_files.read(context)
    if checkpoint is None or not stack_states.is_earlier_version(checkpoint.resources):
        return
    exported = json.loads(pulumi_cli.query(context, ["stack", "export", "--show-secrets", f"--stack={context.stack}"]))
    resources = exported["deployment"]["resources"]
    identity = _identity(context, resources)
    deployment = earlier_state.take_over(exported["deployment"], identity)
    kept = _keep(context)
    say(
        f"Stack '{context.stack}' was created by an earlier version of the project. Upgrading it with its data; the "
        f"previous state is kept as '{kept}'."
    )
    _move_claims(resources, identity.stack_id)
    known_stacks.remember(identity.stack_id, stack=context.stack)
    pulumi_cli.query(
        context,
        ["stack", "import", f"--stack={context.stack}", "--non-interactive", "--color=never"],
        stdin=json.dumps({**exported, "deployment": deployment}),
    )
    state_files.keep_safe(context)


def _identity(context: Context, resources: list[dict[str, Any]]) -> Identity:
    stack_id = stack_states.identity_of(resources)
    if not stack_id and any(str(resource["type"]) == earlier_state.VOLUME_TYPE for resource in resources):
        raise EarlierVersionError(
            f"upgrading stack '{context.stack}': the labels of its objects on the engine name more than one stack, "
            "as an interrupted update of the earlier version leaves them. Nothing was changed. Run `make up` with "
            "that version once more, then with this one."
        )
    made = min((str(resource["created"]) for resource in resources if resource.get("created")), default="")
    since = datetime.fromisoformat(made) if made else datetime.now(UTC)
    return Identity(
        stack_id=stack_id or secrets.token_hex(16),
        stack=context.stack,
        made_by=known_stacks.describe_origin(since),
    )


def _keep(context: Context) -> Path:
    """Keep a copy of the state, its secrets encrypted."""
    now = datetime.now(UTC)
    exported = json.loads(pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"]))
    # With the time of its last update, the earlier version would take it for a damaged copy of its own state.
    exported["deployment"]["manifest"]["time"] = now.isoformat().replace("+00:00", "Z")
    target = context.safe_copies / f"earlier-version-{now.astimezone():%Y%m%dT%H%M%S}.json"
    atomic_files.write(target, json.dumps(exported, indent=1), durable=True)
    return target


def _move_claims(resources: list[dict[str, Any]], stack_id: str) -> None:
    """Claim the stack's ports and subnet under its identity."""
    owners = {str(r["id"]) for r in resources if str(r["type"]).endswith(":EngineReservation") and r.get("id")}
    for what in CLAIMED:
        with claims.open_claims(what) as held:
            for owner in owners & set(held):
                held[stack_id] = held.pop(owner)
