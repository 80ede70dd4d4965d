"""Files of the state backend are damaged as by a crash or a full disk: the newest valid state is used.

Continuing with an empty state would orphan all objects of the stack on the engine, which must never happen.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.journal import Journal
from tests.support.stacks import LiveStack

Damage = Callable[[Path], None]


def empty(state: Path) -> None:
    state.write_bytes(b"")


def truncate(state: Path) -> None:
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])


def scramble(state: Path) -> None:
    content = bytearray(state.read_bytes())
    content[0] ^= 0xFF
    state.write_bytes(content)


def lose(state: Path) -> None:
    state.unlink()


def empty_sidecar(state: Path) -> None:
    """A complete state next to an empty attributes file, which a kill was once seen to leave."""
    state.with_name(f"{state.name}.attrs").write_bytes(b"")


@pytest.mark.parametrize("damage", [empty, truncate, scramble, lose, empty_sidecar])
@pytest.mark.fault("a file of the state backend is damaged", "the next `make up` restores the newest valid state")
def test_damaged_state_is_restored_and_nothing_is_orphaned(live: LiveStack, marker: str, damage: Damage) -> None:
    journal = Journal(stack=live.stack.name, outputs=live.outputs, marker=marker).write()
    objects = live.stack.objects()

    damage(live.stack.state_file)
    repaired = live.stack.lifecycle("up").check()

    assert "no changes" in repaired.output.lower()
    assert live.stack.objects() == objects
    assert live.stack.outputs() == live.outputs
    journal.verify()


@pytest.mark.parametrize("words", [("keys", "show"), ("diagnose",), ("secrets", "list"), ("env",)], ids=" ".join)
@pytest.mark.fault("a kill has left a file of the state backend empty", "commands that only read work")
def test_commands_that_only_read_need_no_repair_first(live: LiveStack, words: tuple[str, ...]) -> None:
    empty_sidecar(live.stack.state_file)

    live.stack.environment.mlw(*words, live.stack.name).check()
