"""Notes of unfinished restores: the owner of volumes that are not in any state yet.

Stored as `$MLW_HOME/restores/<backend>-<stack>.json` until the state is in its backend, which is the last step. As long
as there is a note and no state, the stack has the identity in the note: `make down` removes what was created, and the
next `mlw restore` starts over.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.host import atomic_files
from mlw.lifecycle.stack_context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreNote:
    """One restore.

    Attributes:
        stack_id: Future identity of the stack.
        archive: The archive.
    """

    stack_id: str
    archive: str


def note_file(context: Context) -> Path:
    """Path of the note of a stack."""
    return context.home / "restores" / f"{context.backend_id}-{context.stack}.json"


def files(context: Context) -> list[Path]:
    """The note of a stack, and partial notes of killed commands."""
    path = note_file(context)
    return [path, *path.parent.glob(f".{path.name}.*.tmp")]


def begin(context: Context, note: RestoreNote) -> None:
    """Record that a restore begins."""
    atomic_files.write(note_file(context), json.dumps(asdict(note)), durable=True)


def end(context: Context) -> None:
    """Remove the note: the restore has finished, or nothing of it is left."""
    for path in files(context):
        path.unlink(missing_ok=True)


def read(context: Context) -> RestoreNote | None:
    """The note of a stack; None if it is not being restored."""
    try:
        return RestoreNote(**json.loads(note_file(context).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def identity(context: Context) -> str | None:
    """The identity of a stack that is being restored; None for any other stack."""
    note = read(context)
    return note.stack_id if note else None
