"""The passphrase of an archive comes from a file, the environment or a terminal."""

import io
import os
from pathlib import Path

import pytest

from infra.errors import ArchivePassphraseError
from mlw.archive import passphrases


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for name in (passphrases.VARIABLE, passphrases.FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def test_a_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "p").write_text(" correct horse \n")

    assert passphrases.read(tmp_path / "p", new=True) == " correct horse "


def test_the_variable_is_read_and_handed_to_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, "horse")

    assert passphrases.read(None, new=False) == "horse"
    assert passphrases.VARIABLE not in os.environ


def test_the_file_of_the_command_line_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").write_text("of the file")
    monkeypatch.setenv(passphrases.VARIABLE, "of the variable")

    assert passphrases.read(tmp_path / "p", new=False) == "of the file"


def test_the_variable_may_name_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").write_text("horse")
    monkeypatch.setenv(passphrases.FILE_VARIABLE, str(tmp_path / "p"))

    assert passphrases.read(None, new=False) == "horse"


def test_without_any_the_ways_are_named() -> None:
    with pytest.raises(ArchivePassphraseError, match=r"MLW_ARCHIVE_PASSPHRASE.*--passphrase-file"):
        passphrases.read(None, new=True)


def test_an_empty_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("\n")

    with pytest.raises(ArchivePassphraseError, match="it is empty"):
        passphrases.read(tmp_path / "p", new=True)


def test_a_file_that_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ArchivePassphraseError, match="No such file"):
        passphrases.read(tmp_path / "p", new=True)


@pytest.mark.parametrize(("typed", "new"), [(["horse", "horse"], True), (["horse"], False)])
def test_a_new_one_is_typed_twice(monkeypatch: pytest.MonkeyPatch, typed: list[str], *, new: bool) -> None:
    given = iter(typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(given))

    assert passphrases.read(None, new=new) == "horse"
    assert next(given, None) is None


def test_a_slip_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(["horse", "house"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(given))

    with pytest.raises(ArchivePassphraseError, match="the two entries differ"):
        passphrases.read(None, new=True)
