"""Where a stack's identity is found: in its state, in a backup, in what the home has noted; in that order."""

from pathlib import Path

import pytest

from infra.clients.state import known_stacks
from mlw.lifecycle import identity_lookup
from mlw.lifecycle.stack_context import Context
from tests.unit.states import a_checkpoint, a_context, a_state, stack_id, the_identity, write


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    monkeypatch.setenv("PULUMI_BACKEND_URL", context.backend_url)
    return context


def test_a_stack_that_was_never_made_has_none(context: Context) -> None:
    assert identity_lookup.find(context) is None


def test_what_was_noted_counts_when_nothing_else_is_left(context: Context) -> None:
    known_stacks.remember("noted", stack="dev")
    assert identity_lookup.find(context) == "noted"


@pytest.mark.parametrize("state", [b"", b"torn"], ids=["empty", "torn"])
def test_a_backup_counts_before_what_was_noted(context: Context, state: bytes) -> None:
    known_stacks.remember("noted", stack="dev")
    write(context.state_file, state)
    write(context.safe_copies / "dev.json", a_state())
    assert identity_lookup.find(context) == stack_id()


def test_the_state_counts_first_also_after_a_rename(context: Context) -> None:
    known_stacks.remember("noted", stack="dev")
    write(context.safe_copies / "dev.json", a_state())
    write(context.state_file, a_checkpoint([the_identity("before")]))
    assert identity_lookup.find(context) == stack_id("before")


def test_what_a_renamed_stack_has_left_under_its_old_name_is_not_its_own_any_more(context: Context) -> None:
    known_stacks.remember(stack_id(), stack="dev")
    write(context.safe_copies / "dev.json", a_state())
    assert identity_lookup.find(context) == stack_id()

    assert context.state_file
    write(context.state_file.with_name("renamed.json"), a_checkpoint([the_identity()]))
    assert identity_lookup.find(context) is None


def test_a_sound_state_without_an_identity_has_nothing_on_the_engine(context: Context) -> None:
    known_stacks.remember("noted", stack="dev")
    write(context.state_file, a_checkpoint([]))
    assert identity_lookup.find(context) is None


def test_a_state_that_was_emptied_by_hand_leaves_the_backup_s_word(context: Context) -> None:
    write(context.state_file, a_checkpoint([]))
    write(context.safe_copies / "dev.json", a_state())
    assert identity_lookup.find(context) == stack_id()
