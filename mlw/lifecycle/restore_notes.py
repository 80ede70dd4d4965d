"""Notes of restores that have begun: whose the volumes are that no state tells of yet.

Kept as `$MLW_HOME/restores/<backend>-<stack>.json` until the state is in its backend, which is the last step. As long
as there is one and the state tells nothing, the stack has the identity that it names: `make down` removes what was
made, and the next `mlw restore` begins again.
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
        stack_id: Identity that the stack is going to have.
        archive: The file that it comes from.
    """

    stack_id: str
    archive: str


def note_file(context: Context) -> Path:
    """Where the note of a stack is."""
    return context.home / "restores" / f"{context.backend_id}-{context.stack}.json"


def files(context: Context) -> list[Path]:
    """The note of a stack, and what a killed command has left of one that it was writing."""
    path = note_file(context)
    return [path, *path.parent.glob(f".{path.name}.*.tmp")]


def begin(context: Context, note: RestoreNote) -> None:
    """Note that a restore begins."""
    atomic_files.write(note_file(context), json.dumps(asdict(note)), durable=True)


def end(context: Context) -> None:
    """Note that it has ended, or that nothing of it is left."""
    for path in files(context):
        path.unlink(missing_ok=True)


def read(context: Context) -> RestoreNote | None:
    """The note of a stack; None for a stack that is not being restored."""
    try:
        return RestoreNote(**json.loads(note_file(context).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def identity(context: Context) -> str | None:
    """The identity of a stack that is being restored; None for any other."""
    note = read(context)
    return note.stack_id if note else None
