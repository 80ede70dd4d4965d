"""The small members of an archive, written before the volumes and checked before anything is created."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.clients.archives.members import MemberReader
from infra.clients.archives.sealed_file import SealedReader
from infra.errors import ArchiveError
from mlw.lifecycle.state_transfer import Exported

FORMAT = 1
MANIFEST, STATE, STACK_FILE = "manifest.json", "state.json", "stack-file.yaml"
CONFIG_SECRETS, ROLE_DEFINITIONS = "config-secrets.json", "role-definitions"
VOLUMES = "volumes/"
"""Prefix of the member of a volume."""

_SMALL = frozenset({MANIFEST, STATE, STACK_FILE, CONFIG_SECRETS, ROLE_DEFINITIONS})

Tell = Callable[[str, int], None]
"""Called with each member and the number of bytes read so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """Describes what an archive contains.

    Attributes:
        stack: Name of the stack.
        stack_id: Its identity.
        made: When, ISO 8601.
        made_by: User, machine and backend, for people.
        folders: Maps each volume to the name of its folder in the tar.
        role_definitions: Path of the file of role definitions, relative to the stack file; empty for none.
        format: Of the archive.
    """

    stack: str
    stack_id: str
    made: str
    made_by: str
    folders: Mapping[str, str]
    role_definitions: str = ""
    format: int = FORMAT


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The small members.

    Attributes:
        stack_file: Text of the stack file; None if the stack had none.
        config_secrets: Maps each encrypted value of the stack file to the decrypted one.
        role_definitions: Content of the file of role definitions.
    """

    manifest: Manifest
    state: Exported
    stack_file: str | None = None
    config_secrets: Mapping[str, str] = field(default_factory=dict)
    role_definitions: bytes | None = None

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each."""
        yield MANIFEST, json.dumps(asdict(self.manifest)).encode()
        yield STATE, json.dumps(self.state).encode()
        if self.stack_file is not None:
            yield STACK_FILE, self.stack_file.encode()
            yield CONFIG_SECRETS, json.dumps(dict(self.config_secrets)).encode()
        if self.role_definitions is not None:
            yield ROLE_DEFINITIONS, self.role_definitions


@contextmanager
def opened_members(path: Path, passphrase: str) -> Iterator[tuple[SealedReader, MemberReader]]:
    """Open an archive for reading.

    Raises:
        ArchiveError: It cannot be decrypted.
    """
    source = SealedReader(path, passphrase)
    try:
        yield source, MemberReader(source)
    finally:
        source.close()


def verify(path: Path, passphrase: str, tell: Tell) -> Contents:
    """Read and check a whole archive, and return the small members.

    Raises:
        ArchiveError: It is damaged, incomplete, or of a newer version; nothing was changed.
    """
    small: dict[str, bytes] = {}
    volumes: set[str] = set()
    with opened_members(path, passphrase) as (source, reader):
        for name, content in reader.members():
            if name in _SMALL:
                small[name] = b"".join(content)
            else:
                volumes.add(name)
            tell(name, source.position)
    contents = _parsed(path, small)
    missing = {f"{VOLUMES}{name}" for name in contents.manifest.folders} - volumes
    if missing:
        raise ArchiveError(f"reading the archive '{path}': it lacks {', '.join(sorted(missing))}. Use another archive.")
    return contents


def _parsed(path: Path, small: Mapping[str, bytes]) -> Contents:
    try:
        about: dict[str, Any] = json.loads(small[MANIFEST])
        if about["format"] != FORMAT:
            raise ArchiveError(
                f"reading the archive '{path}': its format is {about['format']}, but this version supports "
                f"{FORMAT}. Use the version of the project that wrote it."
            )
        stack_file = small.get(STACK_FILE)
        return Contents(
            manifest=Manifest(**about),
            state=json.loads(small[STATE]),
            stack_file=None if stack_file is None else stack_file.decode(),
            config_secrets=json.loads(small.get(CONFIG_SECRETS, b"{}")),
            role_definitions=small.get(ROLE_DEFINITIONS),
        )
    except (LookupError, TypeError, ValueError) as exc:
        raise ArchiveError(
            f"reading the archive '{path}': it is not an archive of a workspace ({exc}). Use another archive."
        ) from exc
