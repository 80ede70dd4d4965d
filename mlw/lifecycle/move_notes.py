"""Notes of moves to another state backend: which of the two states of a stack is valid while there are two.

Stored as `$MLW_HOME/moves/<identity>.json` from before the second state is written until the first one is removed. The
first one is valid until the second has been read back and compared; from then on the second is. No command works on the
other one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from infra.host import atomic_files, folders, state_backend
from mlw.lifecycle.lifecycle_errors import UnfinishedMoveError
from mlw.lifecycle.stack_context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveNote:
    """One move.

    Attributes:
        source: Address of the backend that the stack leaves.
        target: Address of the one that it goes to.
        copied: Whether the state there is complete and valid.
    """

    stack: str
    stack_id: str
    source: str
    target: str
    copied: bool = False

    def is_from(self, context: Context) -> bool:
        """Whether the stack leaves this backend."""
        return state_backend.backend_id(self.source) == context.backend_id

    def is_to(self, context: Context) -> bool:
        """Whether the stack goes to this backend."""
        return state_backend.backend_id(self.target) == context.backend_id


def write(note: MoveNote) -> MoveNote:
    """Record the progress of a move."""
    atomic_files.write(_folder() / f"{note.stack_id}.json", json.dumps(asdict(note)), durable=True)
    return note


def switch(note: MoveNote) -> MoveNote:
    """Record that the state in the new backend is the valid one."""
    return write(replace(note, copied=True))


def end(note: MoveNote) -> None:
    """Record that there is only one state."""
    # And a partial note of a killed command.
    for path in (_folder() / f"{note.stack_id}.json", *_folder().glob(f".{note.stack_id}.json.*.tmp")):
        path.unlink(missing_ok=True)


def find(context: Context) -> MoveNote | None:
    """The unfinished move of a stack out of this backend or into it."""
    found = (note for note in _notes() if note.stack == context.stack)
    return next((note for note in found if note.is_from(context) or note.is_to(context)), None)


def refuse(context: Context) -> None:
    """Refuse to work on a state that is not the valid one.

    Raises:
        UnfinishedMoveError: It is not.
    """
    note = find(context)
    if note is None or note.is_to(context) == note.copied:
        return
    raise UnfinishedMoveError(
        f"looking for stack '{context.stack}' in '{context.backend_url}': its move from '{note.source}' to "
        f"'{note.target}' was interrupted, and the state in '{note.target if note.copied else note.source}' is the "
        f"valid one. Nothing was changed. Run `mlw move {context.stack} --backend '{note.target}'` to finish it."
    )


def _notes() -> Iterator[MoveNote]:
    for path in _folder().glob("*.json"):
        try:
            yield MoveNote(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            # Ended at this very moment.
            continue


def _folder() -> Path:
    return folders.home() / "moves"
