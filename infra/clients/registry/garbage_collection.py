"""Garbage collection of a container registry: unreferenced content is deleted from its volume.

The registry's own collection deletes content that a running push has just uploaded, so it needs a read-only registry.
The container's start script ensures that, see `infra/components/assets/registry-start.sh`.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass

from infra.clients.engine import docker_engine
from infra.clients.engine.docker_engine import ContainerState
from infra.errors import GarbageCollectionError

WORK = "/var/lib/registry/garbage-collection"
"""Folder on the registry's volume with the request and its result."""

_SCRIPT = "/etc/distribution/collect.sh"
_UNTAGGED = "--delete-untagged"
_LOG_LINES = 5
_POLL_SECONDS = 0.2
_ASK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Freed:
    """Result of a collection: number of blobs, and their size in bytes."""

    blobs: int
    size: int


def preview(container: str, *, untagged: bool) -> Freed:
    """Report what a collection would delete, without interrupting the registry.

    Args:
        container: Name of the registry's container, which must be running.
        untagged: Also count manifests without a tag as garbage.

    Raises:
        GarbageCollectionError: The registry returned an error.
    """
    with docker_engine.connect() as client:
        command = ["/bin/sh", _SCRIPT, "--dry-run", *([_UNTAGGED] if untagged else [])]
        code, output = client.containers.get(container).exec_run(command)
    said = output.decode(errors="replace").strip() if isinstance(output, bytes) else ""
    freed = _freed(said.rpartition("\n")[2])
    if code or freed is None:
        lines = " ".join(said.splitlines()[-_LOG_LINES:])
        raise GarbageCollectionError(
            f"looking for garbage in container '{container}': exit code {code}, last log lines: {lines}. "
            "Nothing was deleted."
        )
    return freed


def collect(container: str, *, user: tuple[int, int], untagged: bool, seconds: float) -> Freed:
    """Collect garbage; meanwhile pulls work, but pushes are rejected.

    Args:
        container: Name of the registry's container, which must be running.
        user: User and group of its processes.
        untagged: Also delete manifests without a tag.
        seconds: Timeout.

    Raises:
        GarbageCollectionError: It failed, was interrupted, or did not finish in time.
    """
    if docker_engine.read_file(container, f"{WORK}/begun") is not None:
        raise GarbageCollectionError(
            f"collecting garbage in container '{container}': another collection is running. Wait until it has finished."
        )
    mine = secrets.token_hex(8)
    request = f"{mine} {_UNTAGGED if untagged else ''}\n".encode()
    deadline = time.monotonic() + seconds
    _write_request(container, request, user=user, deadline=deadline)
    outcome, _, rest = _report(container, mine, deadline=deadline).partition(" ")
    freed = _freed(rest) if outcome == "done" else None
    if freed is None:
        raise GarbageCollectionError(
            f"collecting garbage in container '{container}': {outcome}{f', last log lines: {rest}' if rest else ''}. "
            "No referenced content was deleted, and the registry accepts pushes again. Run the command again."
        )
    return freed


def _write_request(container: str, request: bytes, *, user: tuple[int, int], deadline: float) -> None:
    """Write the request as soon as the start script has created the folder for it."""
    import docker

    while True:
        try:
            docker_engine.write_files(container, WORK, {"request": request}, uid=user[0], gid=user[1])
        except docker.errors.NotFound:
            _require_progress(container, late=time.monotonic() > deadline)
            time.sleep(_POLL_SECONDS)
        else:
            return


def _report(container: str, mine: str, *, deadline: float) -> str:
    """Wait for the result; signal repeatedly, because the script may miss a signal while it starts a registry."""
    asked = 0.0
    while True:
        whose, *outcome = _words(container, "report") or [""]
        if whose == mine:
            return " ".join(outcome)
        now = time.monotonic()
        if now - asked > _ASK_SECONDS:
            asked = now
            _ask(container, mine, late=now > deadline)
        time.sleep(_POLL_SECONDS)


def _require_progress(container: str, *, late: bool) -> ContainerState:
    state = docker_engine.container_state(container, log_lines=1)
    if state is None or state.has_given_up or late:
        seen = "missing" if state is None else f"{state.status}, with the last log line {state.last_log_lines!r}"
        raise GarbageCollectionError(
            f"waiting for the garbage collection in container '{container}': not finished, and the container is "
            f"{seen}. It continues when the container runs again; check it with `mlw diagnose`."
        )
    return state


def _ask(container: str, mine: str, *, late: bool) -> None:
    state = _require_progress(container, late=late)
    if mine in _words(container, "request"):
        if state.status == "running":
            with docker_engine.connect() as client:
                client.api.kill(container, signal="HUP")
    elif mine not in [*_words(container, "begun"), *_words(container, "report")]:
        raise GarbageCollectionError(
            f"collecting garbage in container '{container}': another request has replaced this one. "
            "Wait until it has finished, then run the command again."
        )


def _words(container: str, file: str) -> list[str]:
    """The words of a file; read in this order, a request is always found: it becomes `begun`, then `report`."""
    return (docker_engine.read_file(container, f"{WORK}/{file}") or b"").decode().split()


def _freed(line: str) -> Freed | None:
    """Parse the last line of the script's output; None if it is not a result."""
    found = re.fullmatch(r"(\d+) (\d+)", line)
    return Freed(int(found[1]), int(found[2])) if found else None
