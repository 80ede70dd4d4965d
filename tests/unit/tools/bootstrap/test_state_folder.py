import os
import stat

import pytest

from infra.host import folders
from tools.bootstrap import state_folder
from tools.bootstrap.bootstrap_errors import BootstrapError


def mode(path: os.PathLike[str]) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116


def test_state_and_passphrase_are_made_for_the_user_alone() -> None:
    assert not state_folder.is_present()
    assert state_folder.ensure() == "created, with a new passphrase"
    assert state_folder.is_present()
    assert [mode(path) for path in (folders.home(), folders.state(), folders.passphrase())] == [0o700, 0o700, 0o600]


def test_a_passphrase_has_the_strength_of_a_key() -> None:
    state_folder.ensure()
    assert len(folders.passphrase().read_text().strip()) >= 43


def test_a_second_run_keeps_the_passphrase() -> None:
    state_folder.ensure()
    before = folders.passphrase().read_bytes()
    assert state_folder.ensure() == "ready"
    assert folders.passphrase().read_bytes() == before


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz"], ids=["plain", "compressed"])
def test_a_state_without_its_passphrase_is_never_given_a_new_one(name: str) -> None:
    stack = folders.state() / ".pulumi" / "stacks" / "ml-workspace" / name
    stack.parent.mkdir(parents=True)
    stack.write_text("{}")
    with pytest.raises(BootstrapError, match=r"holds the stack 'dev', but the passphrase file .* restore the file"):
        state_folder.ensure()
    assert not folders.passphrase().exists()


def test_an_empty_passphrase_is_refused() -> None:
    folders.private_folder(folders.state())
    folders.passphrase().touch(mode=0o600)
    assert not state_folder.is_present()
    with pytest.raises(BootstrapError, match="is empty"):
        state_folder.ensure()


@pytest.mark.parametrize("name", ["home", "state", "passphrase"])
def test_what_others_can_read_is_closed_to_them(name: str) -> None:
    state_folder.ensure()
    path = getattr(folders, name)()
    path.chmod(0o755 if path.is_dir() else 0o644)
    assert not state_folder.is_present()
    state_folder.ensure()
    assert state_folder.is_present()
