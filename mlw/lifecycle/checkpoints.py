"""Reads the stack's state from Pulumi's file backend: validity, resources, unfinished operations.

Reads the checkpoint's JSON directly, because each start of the CLI takes longer than everything here, and because the
CLI cannot read a damaged file at all. Secret values stay encrypted; nothing here needs the passphrase. See
:mod:`mlw.lifecycle.state_files` for files and their backups.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, cast

from infra import labels
from infra.clients.state import stack_states, state_secrets
from infra.clients.state.stack_states import STACK_TYPE
from infra.clients.state.state_secrets import SECRET_KEY
from infra.host.project import PROJECT

NEWEST_VERSION = 4
"""Version of the checkpoint format that the pinned CLI writes."""

_SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's marker of a secret, no secret

UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)

DOCKER_KINDS = {
    "docker:index/container:Container": "container",
    "docker:index/network:Network": "network",
    "docker:index/volume:Volume": "volume",
}


OWN_TYPES = ("ml-workspace:", "pulumi:")
"""Type prefixes of the project's own resources, and of Pulumi's: stack and providers."""

REGISTERED = "sourcePosition"
"""Property of registered resources: their position in the program."""


class CorruptStateError(ValueError):
    """The bytes are not a valid checkpoint; the message says why."""


class NewerStateError(ValueError):
    """The checkpoint is of a newer format than the pinned CLI can read."""


@dataclass(frozen=True)
class DockerObject:
    """A container, network or volume in the state."""

    kind: str
    urn: str
    id: str
    name: str
    may_stop: bool = False
    """Whether it is a container that may stop, so that a stopped one needs no repair."""


@dataclass(frozen=True)
class Checkpoint:
    """One valid state file."""

    document: Mapping[str, Any]

    @property
    def latest(self) -> Mapping[str, Any]:
        """The deployment; empty for a new stack that was never updated."""
        return self.document["checkpoint"].get("latest") or {}

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        """Every resource, the stack itself included."""
        return self.latest.get("resources") or []

    @property
    def pending(self) -> list[Mapping[str, Any]]:
        """Unfinished operations of a killed run."""
        return self.latest.get("pending_operations") or []

    @property
    def written_at(self) -> datetime:
        """Time of the last write; `UNKNOWN_TIME` if the state has none."""
        try:
            time = datetime.fromisoformat((self.latest.get("manifest") or {})["time"])
        except (KeyError, TypeError, ValueError):
            return UNKNOWN_TIME
        return time if time.tzinfo else UNKNOWN_TIME

    @property
    def salt(self) -> str | None:
        """Verifies the passphrase; None if the secrets are not encrypted with one."""
        return state_secrets.salt_of(self.latest)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs; secret ones still encrypted."""
        stacks = (r for r in self.resources if r.get("type") == STACK_TYPE and not r.get("delete"))
        return next((r.get("outputs") or {} for r in stacks), {})

    @cached_property
    def foreign_urns(self) -> frozenset[str]:
        """Resources that no program has registered, e.g. imported ones."""
        identity = stack_states.identity_of(self.resources)
        registered = {(r["type"], r.get("id")) for r in self.resources if r.get(REGISTERED)}
        return frozenset(
            r["urn"]
            for r in self.resources
            if not r.get(REGISTERED)
            and not r["type"].startswith(OWN_TYPES)
            # An own resource that was taken out of the state and imported again still belongs to the stack.
            and ((r["type"], r.get("id")) in registered or not identity or not _is_labelled(r, identity))
        )

    @property
    def own_objects(self) -> list[Mapping[str, Any]]:
        """Resources of the workspace's containers, networks and volumes."""
        known = (r for r in self.resources if r["type"] in DOCKER_KINDS and r.get("id"))
        return [r for r in known if r["urn"] not in self.foreign_urns]

    def docker_objects(self) -> list[DockerObject]:
        """The workspace's containers, networks and volumes, with their ids on the engine."""
        return [
            DockerObject(
                DOCKER_KINDS[r["type"]],
                r["urn"],
                r["id"],
                str((r.get("outputs") or {}).get("name", "")),
                may_stop=(r.get("inputs") or {}).get("mustRun") is False,
            )
            for r in self.own_objects
        ]

    def has(self, kind: str) -> bool:
        """Whether it contains a resource of a type, given by its last part."""
        return any(resource["type"].rpartition(":")[2] == kind for resource in self.resources)

    def has_pending_creates(self) -> bool:
        """Whether the result of an operation on a resource is unknown."""
        return any(operation["type"] == "creating" for operation in self.pending)

    def urns_being_deleted(self) -> set[str]:
        """Resources with an unfinished deletion."""
        return {operation["resource"]["urn"] for operation in self.pending if operation["type"] == "deleting"}


def _is_labelled(resource: Mapping[str, Any], identity: str) -> bool:
    given = (resource.get("inputs") or {}).get("labels")
    entries = given if isinstance(given, list) else []
    found = {str(entry.get("label")): str(entry.get("value")) for entry in entries if isinstance(entry, dict)}
    return labels.belongs_to(found, identity)


def as_secret(value: object) -> dict[str, str]:
    """A value with the marks of a secret, for a state that is imported."""
    return {SECRET_KEY: _SECRET_MARK, "plaintext": json.dumps(value)}


def empty(stack: str) -> bytes:
    """The state of a stack that was made and never updated, as Pulumi writes it first."""
    document = {"version": 3, "checkpoint": {"stack": f"organization/{PROJECT}/{stack}"}}
    return json.dumps(document, separators=(",", ":")).encode()


@lru_cache(maxsize=2)
def parse(content: bytes) -> Checkpoint:
    """Parse a state file; cached, because commands ask repeatedly for the same content.

    Raises:
        CorruptStateError: It is not a valid checkpoint.
        NewerStateError: A newer Pulumi wrote it.
    """
    if not content.strip(b"\0 \r\n\t"):
        raise CorruptStateError("it is empty" if not content else "it contains only zeros")
    try:
        document = json.loads(content)
    except ValueError as exc:
        raise CorruptStateError(f"it is not JSON ({exc})") from exc
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > NEWEST_VERSION:
        raise NewerStateError(f"its format is version {version}, newer than {NEWEST_VERSION}")
    try:
        checkpoint = Checkpoint(cast("Mapping[str, Any]", document))
        _check(checkpoint)
    except (LookupError, TypeError, AttributeError) as exc:
        raise CorruptStateError(f"it is not a checkpoint ({type(exc).__name__}: {exc})") from exc
    return checkpoint


def _check(checkpoint: Checkpoint) -> None:
    # The order that Pulumi checks, too: a resource comes after everything that it refers to.
    seen: set[str] = set()
    if "version" not in checkpoint.document:
        raise CorruptStateError("it has no version")
    for resource in checkpoint.resources:
        urn = resource["urn"]
        named = [resource.get("parent"), *(resource.get("dependencies") or [])]
        missing = sorted(other for other in named if other and other not in seen)
        if missing:
            raise CorruptStateError(f"resource '{urn}' refers to '{missing[0]}', which is missing")
        # A URN contains the type, after those of the parents.
        if urn.split("::")[2].rpartition("$")[2] != resource["type"]:
            raise CorruptStateError(f"resource '{urn}' has the type '{resource['type']}'")
        seen.add(urn)
    for operation in checkpoint.pending:
        str.lower(operation["type"])
        str.lower(operation["resource"]["urn"])


def without_pending_creates(checkpoint: Checkpoint) -> bytes:
    """Write the state without unfinished creations; everything else stays."""
    document = json.loads(json.dumps(checkpoint.document))
    latest = document["checkpoint"]["latest"]
    kept = [operation for operation in checkpoint.pending if operation["type"] != "creating"]
    latest.pop("pending_operations", None)
    if kept:
        latest["pending_operations"] = kept
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
