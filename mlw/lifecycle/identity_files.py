"""Files of the home that are named after the identity of a stack: locks and logs of jobs, endpoints, attached engines.

Whoever writes such a file puts it into a folder of the home, with a name that starts with the identity; it goes with
the stack without being listed here. What outlives a stack on purpose, as its usage does, is in a folder of `activity`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def find(home: Path, stack_id: str) -> Iterator[Path]:
    """The files of a stack; none if it has no identity, since their names could be anyone's.

    Args:
        home: The home.
        stack_id: The identity, which no other begins with.
    """
    if stack_id:
        for folder in sorted(home.iterdir()) if home.is_dir() else ():
            with contextlib.suppress(NotADirectoryError):
                yield from sorted(path for path in folder.iterdir() if path.name.startswith(stack_id))


def remove(home: Path, stack_id: str) -> None:
    """Remove them, once nothing of the stack is left that they are about."""
    for path in list(find(home, stack_id)):
        path.unlink(missing_ok=True)
