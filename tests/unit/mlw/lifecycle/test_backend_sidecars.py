"""Files next to the state: repaired if a kill left them half written, otherwise unchanged."""

from pathlib import Path

import pytest

from mlw.lifecycle import backend_sidecars, state_files
from mlw.lifecycle.stack_context import Context
from tests.unit.states import Heard, a_context, a_state, write


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A stack with valid files next to its state."""
    context = a_context(tmp_path)
    assert context.backend_folder
    assert context.state_file
    write(context.backend_folder / "meta.yaml", b"version: 1\n")
    write(context.backend_folder / "meta.yaml.attrs", b'{"md5": "x"}')
    write(context.state_file, a_state())
    write(context.state_file.with_name("dev.json.attrs"), b'{"md5": "x"}')
    return context


def test_what_is_in_order_is_left_alone(context: Context) -> None:
    heard = Heard()
    assert backend_sidecars.damaged(context) == []
    backend_sidecars.repair(context, say=heard)
    assert heard.lines == []


@pytest.mark.parametrize("content", [b"", b'{"md5": ', b"null"], ids=["empty", "torn", "no object"])
@pytest.mark.parametrize(
    "name", ["stacks/ml-workspace/dev.json.attrs", "stacks/ml-workspace/dev.json.bak.attrs", "meta.yaml.attrs"]
)
def test_a_description_that_cannot_be_read_is_removed(context: Context, name: str, content: bytes) -> None:
    assert context.backend_folder
    path = write(context.backend_folder / name, content)
    assert backend_sidecars.damaged(context) == [path]
    backend_sidecars.repair(context, say=Heard())
    assert not path.exists()
    assert state_files.exists(context)


@pytest.mark.parametrize("content", [b"", b"\0" * 11], ids=["empty", "zeros"])
def test_a_layout_that_cannot_be_read_is_written_anew(context: Context, content: bytes) -> None:
    assert context.backend_folder
    meta = write(context.backend_folder / "meta.yaml", content)
    assert backend_sidecars.damaged(context) == [meta]
    backend_sidecars.repair(context, say=Heard())
    assert meta.read_text() == "version: 1\n"


def test_attributes_are_removed_and_unfinished_writes_of_a_running_update_are_not(context: Context) -> None:
    assert context.state_file
    attributes = write(context.state_file.with_name("dev.json.attrs"), b"")
    running = write(context.state_file.with_name("dev.json.18aa01f2.tmp"), b"half")

    backend_sidecars.remove_damaged_attributes(context)

    assert (attributes.exists(), running.exists()) == (False, True)


def test_a_folder_that_was_never_used_needs_nothing(tmp_path: Path) -> None:
    assert backend_sidecars.damaged(a_context(tmp_path)) == []


def test_only_the_stacks_own_unfinished_writes_are_found(context: Context) -> None:
    assert context.state_file
    own = write(context.state_file.with_name("dev.json.18aa01f2.tmp"), b"half")
    other = write(context.state_file.with_name("dev.json2.json.18aa01f2.tmp"), b"another stack's")
    assert backend_sidecars.unfinished_writes(context) == [own]
    state_files.remove_leftovers(context)
    assert not own.exists()
    assert other.exists()
