"""Identities of the stacks that this home has seen, in case a state and all its backups are lost.

Stored next to the claims, in `$MLW_HOME/stacks.json`: identity to the stack's name, the id of its backend and the time.
The state is authoritative; this file only helps to find stacks that no state contains.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
from datetime import UTC, datetime

from infra.clients.engine.claims import open_claims, read_claims
from infra.errors import HostError
from infra.host import state_backend

_FILE = "stacks"


def remember(stack_id: str, *, stack: str, backend: str | None = None) -> None:
    """Record the identity of a stack; the backend defaults to that of this process."""
    with open_claims(_FILE) as known:
        known[stack_id] = {
            "stack": stack,
            "backend": state_backend.backend_id(state_backend.address() if backend is None else backend),
            "since": datetime.now(UTC).isoformat(),
        }


def set_going(stack_id: str, *, going: bool) -> None:
    """Record whether a stack is being deleted as a whole: a destroy may be killed, and continue in another process."""
    with open_claims(_FILE) as known:
        if going:
            known.setdefault(stack_id, {})["going"] = True
        elif stack_id in known:
            known[stack_id].pop("going", None)


def is_going(stack_id: str) -> bool:
    """Whether the stack is recorded as being deleted."""
    return bool(read_claims(_FILE).get(stack_id, {}).get("going"))


def set_deleted(stack_id: str, *, kept_until: str) -> None:
    """Record that a stack is soft-deleted, or with an empty string that it is not."""
    with open_claims(_FILE) as known:
        if kept_until:
            known.setdefault(stack_id, {})["keptUntil"] = kept_until
        elif stack_id in known:
            known[stack_id].pop("keptUntil", None)


def kept_until(stack_id: str) -> str:
    """When a soft-deleted stack's retention ends; empty if this home does not know it as soft-deleted."""
    return str(read_claims(_FILE).get(stack_id, {}).get("keptUntil") or "")


def secrets_key(stack_id: str) -> str:
    """The kept key of a stack's secrets, encrypted (see `kept_keys`); empty if there is none."""
    return str(read_claims(_FILE).get(stack_id, {}).get("secretsKey") or "")


def set_secrets_key(stack_id: str, encrypted: str) -> None:
    """Keep the key of a stack's secrets, if this home knows the stack and can be written."""
    with contextlib.suppress(OSError, HostError), open_claims(_FILE) as known:
        if stack_id in known:
            known[stack_id]["secretsKey"] = encrypted


def forget(stack_id: str) -> None:
    """Remove an identity; an unknown one is ignored."""
    with open_claims(_FILE) as known:
        known.pop(stack_id, None)


def find(stack: str, *, backend: str) -> str | None:
    """The last recorded identity of a stack of a backend; None if there is none."""
    wanted = stack, state_backend.backend_id(backend)
    known = {
        stack_id: str(noted.get("since"))
        for stack_id, noted in read_claims(_FILE).items()
        if (noted.get("stack"), noted.get("backend")) == wanted
    }
    return max(known, key=lambda stack_id: known[stack_id], default=None)


def backend_of(stack_id: str) -> str:
    """The id of the backend that a stack was last recorded in; empty if this home does not know it."""
    return str(read_claims(_FILE).get(stack_id, {}).get("backend") or "")


def describe_origin(since: datetime | None = None) -> str:
    """User, machine, backend and time, for people; the backend's address is shown without possible passwords.

    Args:
        since: When the stack was created; by default now.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    address = state_backend.address()
    backend = address if address.startswith("file:") else address.partition("?")[0].rpartition("@")[2]
    moment = f"{(since or datetime.now(UTC)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{user}@{socket.gethostname()}, backend {backend or 'unknown'}, since {moment}"
