import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import folders


def test_the_user_s_own_folders_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", "/srv/home")
    monkeypatch.setenv("MLW_CACHE", "~/cache")
    assert (folders.home(), folders.cache()) == (Path("/srv/home"), Path.home() / "cache")


def test_without_a_choice_the_xdg_folders_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLW_HOME")
    monkeypatch.delenv("MLW_CACHE")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cached")
    assert (folders.home(), folders.cache()) == (Path("/data/ml-workspace"), Path("/cached/ml-workspace"))


def test_without_variables_the_folders_are_below_the_user_s_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLW_HOME", "MLW_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/users/ada")
    assert folders.home() == Path("/users/ada/.local/share/ml-workspace")
    assert folders.cache() == Path("/users/ada/.cache/ml-workspace")


def test_a_relative_folder_is_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_CACHE", "cache/../elsewhere")
    assert folders.cache() == Path.cwd() / "elsewhere"


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = folders.private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []


def test_a_private_folder_is_prepared_by_several_threads_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: folders.private_folder(tmp_path / "own"), range(400)))

    assert found == {tmp_path / "own"}
    assert list(found.pop().iterdir()) == []


def test_a_folder_that_cannot_be_created_names_the_variable_to_change(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in the way")
    with pytest.raises(HostError, match=r"home/state' *: it is not writable .* set MLW_HOME to another folder"):
        folders.private_folder(folders.state())


def test_a_file_in_the_way_of_the_cache_names_the_cache_s_variable(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(HostError, match="set MLW_CACHE to another folder"):
        folders.private_folder(folders.tools())


def test_a_state_backend_of_the_users_own_names_the_backends_variable(tmp_path: Path) -> None:
    """Before the fix, the life cycle recommended setting MLW_HOME, which does not help."""
    (tmp_path / "elsewhere").write_text("a file in the way")
    with pytest.raises(HostError, match="set PULUMI_BACKEND_URL to another folder"):
        folders.private_folder(tmp_path / "elsewhere" / "state")
