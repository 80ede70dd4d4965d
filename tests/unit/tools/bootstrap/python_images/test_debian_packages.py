import stat
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import calls, install
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


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the wanted release."""
    system(tmp_path, monkeypatch, "ID=debian\nVERSION_CODENAME=bookworm\n")


OTHER_SYSTEMS = pytest.mark.parametrize(
    "text",
    [
        pytest.param('ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Some system"\n', id="newer"),
        pytest.param('ID=ubuntu\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Some system"\n', id="derivative"),
        pytest.param('ID=fedora\nPRETTY_NAME="Some system"\n', id="other"),
    ],
)


@OTHER_SYSTEMS
def test_another_system_takes_the_packages_from_the_official_image(
    tmp_path: Path, path_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    system(tmp_path, monkeypatch, text)
    script = f'case "$1" in image) exit 1;; run) cd {tmp_path}/made && tar --create *.deb;; esac'
    (tmp_path / "made").mkdir()
    (tmp_path / "made/a_1_all.deb").write_text("a")
    install(path_folder, script)
    (tmp_path / "found").mkdir()

    found = debian_packages.download(["a"], tmp_path / "found", release="bookworm")

    assert [file.read_text() for file in found] == ["a"]
    image = "docker.io/library/debian:bookworm-slim"
    done = [call for call in calls(path_folder) if not call.startswith("image inspect")]
    assert done[0] == f"pull {image}"
    assert done[1].endswith("sh a")
    assert done[2] == f"rmi {image}"  # it was not there before


@OTHER_SYSTEMS
def test_another_system_without_the_official_image_is_an_error_with_the_way_out(
    tmp_path: Path, path_folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    system(tmp_path, monkeypatch, text)
    install(path_folder, "echo 'no such host' >&2; exit 1")
    monkeypatch.setattr("tools.bootstrap.images.docker_cli.find", lambda _: None)

    with pytest.raises(
        BootstrapError, match=r"Some system instead of Debian's 'bookworm', .* no such host.*--push HOST"
    ):
        debian_packages.download(["a"], tmp_path, release="bookworm")


def test_packages_without_lists_are_downloaded_after_an_update(tmp_path: Path, path_folder: Path, debian: None) -> None:
    lists = tmp_path / "lists"
    script = f'if [ "$1" = update ]; then touch {lists}; elif [ -e {lists} ]; then touch b.deb a.deb; else exit 100; fi'
    program(path_folder, "apt-get", script)

    found = debian_packages.download(["a", "b"], tmp_path, release="bookworm")

    assert [file.name for file in found] == ["a.deb", "b.deb"]


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, path_folder: Path, debian: None) -> None:
    program(path_folder, "apt-get", 'echo "E: Could not resolve host." >&2; exit 100')

    with pytest.raises(
        BootstrapError, match=r"2 Debian packages: apt-get failed: Could not resolve host; .* too: .*\. Check the"
    ):
        debian_packages.download(["a", "b"], tmp_path, release="bookworm")


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


def test_a_file_that_is_no_package_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a_1_all.deb").write_text("<html>")

    with pytest.raises(BootstrapError, match=r"unpacking 'a_1_all\.deb': it is not a Debian package"):
        debian_packages.unpack([tmp_path / "a_1_all.deb"], tmp_path / "tree", left_out=())
