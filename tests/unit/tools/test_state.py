import os
import stat

import pytest

from tools.bootstrap import paths, state
from tools.bootstrap.errors import BootstrapError


def mode(path: os.PathLike[str]) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116


def test_state_and_passphrase_are_made_for_the_user_alone() -> None:
    assert not state.is_present()
    assert state.ensure() == "made, with a new passphrase"
    assert state.is_present()
    assert [mode(path) for path in (paths.home(), paths.state(), paths.passphrase())] == [0o700, 0o700, 0o600]


def test_a_passphrase_has_the_strength_of_a_key() -> None:
    state.ensure()
    assert len(paths.passphrase().read_text().strip()) >= 43


def test_a_second_run_keeps_the_passphrase() -> None:
    state.ensure()
    before = paths.passphrase().read_bytes()
    assert state.ensure() == "ready"
    assert paths.passphrase().read_bytes() == before


def test_a_passphrase_that_somebody_else_has_just_written_stays() -> None:
    paths.private_folder(paths.home())
    paths.passphrase().write_text("theirs")
    state._write_once(paths.passphrase(), "ours")
    assert paths.passphrase().read_text() == "theirs"
    assert [path.name for path in paths.home().iterdir()] == ["passphrase"]


def test_a_state_without_its_passphrase_is_never_given_a_new_one() -> None:
    stack = paths.state() / ".pulumi" / "stacks" / "ml-workspace" / "dev.json"
    stack.parent.mkdir(parents=True)
    stack.write_text("{}")
    with pytest.raises(BootstrapError, match=r"holds the stack 'dev', but the passphrase file .* restore the file"):
        state.ensure()
    assert not paths.passphrase().exists()


def test_an_empty_passphrase_is_refused() -> None:
    paths.private_folder(paths.state())
    paths.passphrase().touch(mode=0o600)
    assert not state.is_present()
    with pytest.raises(BootstrapError, match="is empty"):
        state.ensure()


@pytest.mark.parametrize("name", ["home", "state", "passphrase"])
def test_what_others_can_read_is_closed_to_them(name: str) -> None:
    state.ensure()
    path = getattr(paths, name)()
    path.chmod(0o755 if path.is_dir() else 0o644)
    assert not state.is_present()
    state.ensure()
    assert state.is_present()
