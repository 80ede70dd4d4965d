import stat
from pathlib import Path

import pytest

from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.python_images import debian_packages, python_recipes


def program(folder: Path, name: str, script: str) -> None:
    """Put a program in the folder that is first on PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(stat.S_IRWXU)


def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Describe this machine's system."""
    file = tmp_path / "os-release"
    file.write_text(text)
    monkeypatch.setattr(debian_packages, "RELEASE_FILE", file)


def test_the_release_of_the_table_is_accepted(
    tmp_path: Path, path_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system(tmp_path, monkeypatch, 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n')
    for name in debian_packages.PROGRAMS:
        program(path_folder, name, "exit 0")

    debian_packages.require_release("bookworm")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian 13"\n', "Debian 13", id="newer"),
        pytest.param('ID=ubuntu\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24"\n', "Ubuntu 24", id="Ubuntu"),
        pytest.param("", "an unknown system", id="no description"),
    ],
)
def test_another_system_is_rejected_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: str
) -> None:
    system(tmp_path, monkeypatch, text)

    with pytest.raises(BootstrapError, match=rf"release 'bookworm', this machine has {found}.*MLW_IMAGE_REGISTRY"):
        debian_packages.require_release("bookworm")


def test_packages_without_lists_are_downloaded_after_an_update(tmp_path: Path, path_folder: Path) -> None:
    lists = tmp_path / "lists"
    script = f'if [ "$1" = update ]; then touch {lists}; elif [ -e {lists} ]; then touch b.deb a.deb; else exit 100; fi'
    program(path_folder, "apt-get", script)

    found = debian_packages.download(["a", "b"], tmp_path)

    assert [file.name for file in found] == ["a.deb", "b.deb"]


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, path_folder: Path) -> None:
    program(path_folder, "apt-get", 'echo "E: Could not resolve host." >&2; exit 100')

    with pytest.raises(
        BootstrapError, match=r"2 Debian packages: apt-get failed: Could not resolve host; .* too: .*\. Check the"
    ):
        debian_packages.download(["a", "b"], tmp_path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("usr/share/doc/libc6/changelog.gz", True),
        ("usr/share/doc/libc6/copyright", False),
        ("usr/share/locale/de/LC_MESSAGES/x.mo", True),
    ],
)
def test_documentation_is_left_out_but_no_licence(path: str, *, expected: bool) -> None:

    assert debian_packages.is_left_out(path, python_recipes.base().left_out) == expected
