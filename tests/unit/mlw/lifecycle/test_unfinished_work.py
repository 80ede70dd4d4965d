"""Restores and moves that were interrupted: whose the objects are, and which state is the valid one."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlw.lifecycle import identity_lookup, move_notes, restore_notes, state_files, unfinished_restore
from mlw.lifecycle.lifecycle_errors import UnfinishedMoveError, UnfinishedRestoreError
from mlw.lifecycle.move_notes import MoveNote
from mlw.lifecycle.restore_notes import RestoreNote
from mlw.lifecycle.stack_context import Context
from tests.unit.states import a_checkpoint, a_context, stack_id, the_identity, write

NOTE = RestoreNote(stack_id=stack_id("restored"), archive="/a.mlw")


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    monkeypatch.setenv("PULUMI_BACKEND_URL", context.backend_url)
    return context


def state_of(context: Context, content: bytes) -> None:
    assert context.state_file
    write(context.state_file, content)


@pytest.mark.parametrize("state", [None, a_checkpoint([])], ids=["no state", "an empty state"])
def test_until_the_state_is_there_the_note_says_whose_the_volumes_are(context: Context, state: bytes | None) -> None:
    restore_notes.begin(context, NOTE)
    if state:
        state_of(context, state)

    assert identity_lookup.find(context) == NOTE.stack_id
    assert restore_notes.note_file(context) in state_files.leftovers(context)
    with pytest.raises(UnfinishedRestoreError, match=r"from '/a.mlw' was interrupted.*make down STACK=dev"):
        unfinished_restore.refuse(context)


def test_a_state_that_is_there_ends_the_restore(context: Context) -> None:
    restore_notes.begin(context, NOTE)
    state_of(context, a_checkpoint([the_identity("restored")]))

    unfinished_restore.refuse(context)

    assert restore_notes.read(context) is None


def test_a_state_of_another_identity_counts_before_the_note(context: Context) -> None:
    restore_notes.begin(context, NOTE)
    state_of(context, a_checkpoint([the_identity("own")]))

    assert identity_lookup.find(context) == stack_id("own")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"stack_id": 1}'])
def test_a_note_that_cannot_be_read_is_none(context: Context, content: bytes) -> None:
    write(restore_notes.note_file(context), content)

    assert restore_notes.read(context) is None


def elsewhere(context: Context, backend: str) -> Context:
    return replace(context, environment={**context.environment, "PULUMI_BACKEND_URL": backend})


def test_one_state_is_in_charge_at_any_time(context: Context) -> None:
    there = elsewhere(context, "file:///there")
    note = MoveNote(stack=context.stack, stack_id="i", source=context.backend_url, target=there.backend_url)

    move_notes.write(note)
    move_notes.refuse(context)
    with pytest.raises(UnfinishedMoveError, match="is the valid one"):
        move_notes.refuse(there)

    note = move_notes.switch(note)
    move_notes.refuse(there)
    with pytest.raises(UnfinishedMoveError, match=r"mlw move dev --backend 'file:///there'"):
        unfinished_restore.refuse(context)

    move_notes.end(note)
    move_notes.refuse(context)
    move_notes.refuse(there)


def test_others_are_not_concerned(context: Context) -> None:
    move_notes.write(MoveNote(stack="other", stack_id="i", source=context.backend_url, target="file:///there"))
    move_notes.write(MoveNote(stack=context.stack, stack_id="j", source="file:///a", target="file:///b", copied=True))

    assert move_notes.find(context) is None
    move_notes.refuse(context)
