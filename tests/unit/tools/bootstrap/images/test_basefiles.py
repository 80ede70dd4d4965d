import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.bootstrap.images import basefiles, recipe


def elf(*headers: int) -> bytes:
    """Create the headers of a 64-bit program with the given program headers."""
    start = bytearray(64)
    start[:6] = b"\x7fELF\x02\x01"
    start[32:40] = (64).to_bytes(8, "little")
    start[54:56] = (56).to_bytes(2, "little")
    start[56:58] = len(headers).to_bytes(2, "little")
    return bytes(start) + b"".join(header.to_bytes(4, "little") + bytes(52) for header in headers)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(elf(1, 1, 4), True, id="loadable segments only"),
        pytest.param(elf(6, 3, 1), False, id="asks for a loader"),
        pytest.param(b"#!/bin/sh\n", False, id="script"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"\x7fELF\x01\x01" + bytes(60), False, id="32 bit"),
    ],
)
def test_only_a_program_that_needs_no_loader_counts_as_static(content: bytes, expected: bool) -> None:  # noqa: FBT001
    assert basefiles.is_static(content) is expected


def host_busybox(folder: Path, monkeypatch: pytest.MonkeyPatch, applets: Sequence[str]) -> Path:
    """Give the host a busybox that passes as static and lists some applets."""
    program = folder / "busybox"
    program.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(f"'{applet}'" for applet in applets) + "\n")
    program.chmod(0o755)
    monkeypatch.setattr(basefiles, "BUSYBOXES", (program,))
    monkeypatch.setattr(basefiles, "is_static", lambda _: True)
    return program


def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a host without a package manager."""
    monkeypatch.setattr("shutil.which", lambda _: None)


def test_the_busybox_of_the_host_is_used_when_it_can_all_that_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = host_busybox(tmp_path, monkeypatch, recipe.APPLETS)

    assert basefiles.busybox() == program.read_bytes()


def test_a_busybox_that_lacks_an_applet_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host_busybox(tmp_path, monkeypatch, recipe.APPLETS[:-1])
    without_packages(monkeypatch)

    with pytest.raises(basefiles.BaseFileError, match="this host has neither busybox-static nor apt-get"):
        basefiles.busybox()


def test_a_host_without_certificates_and_packages_is_told_what_to_do_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(basefiles, "BUNDLES", ())
    without_packages(monkeypatch)

    with pytest.raises(basefiles.BaseFileError, match=r"neither ca-certificates.*MLW_IMAGE_REGISTRY") as refusal:
        basefiles.certificates()
    assert "\n" not in str(refusal.value)


def package(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def debian(monkeypatch: pytest.MonkeyPatch, path_folder: Path, archive: bytes, *, lists: bool) -> None:
    """Simulate a Debian host whose package lists exist, or appear with an update."""
    (path_folder / "archive").write_bytes(archive)
    if lists:
        (path_folder / "lists").touch()
    for name, script in {
        "apt-get": f'[ "$1" = update ] && exec touch "{path_folder}/lists"\n'
        f'[ -e "{path_folder}/lists" ] || {{ echo "E: Unable to locate package $2" >&2; exit 100; }}\ntouch some.deb',
        "dpkg-deb": f'exec cat "{path_folder}/archive"',
    }.items():
        (path_folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (path_folder / name).chmod(0o755)
    monkeypatch.setattr(basefiles, "BUNDLES", ())
    monkeypatch.setattr(basefiles, "BUSYBOXES", ())


@pytest.mark.parametrize("lists", [True, False], ids=["with package lists", "on a bare machine"])
def test_the_certificates_of_a_package_are_joined(
    monkeypatch: pytest.MonkeyPatch,
    path_folder: Path,
    lists: bool,  # noqa: FBT001
) -> None:
    archive = package(**{"./usr/x/mozilla/b.crt": b"B", "./usr/x/mozilla/a.crt": b"A", "./usr/x/readme": b"no"})
    debian(monkeypatch, path_folder, archive, lists=lists)

    assert basefiles.certificates() == b"AB"


def test_a_package_without_the_expected_file_is_refused(monkeypatch: pytest.MonkeyPatch, path_folder: Path) -> None:
    debian(monkeypatch, path_folder, package(readme=b"x"), lists=True)

    with pytest.raises(basefiles.BaseFileError, match="busybox-static does not contain the expected file"):
        basefiles.busybox()


def test_the_complaint_of_the_package_manager_is_quoted(monkeypatch: pytest.MonkeyPatch, path_folder: Path) -> None:
    debian(monkeypatch, path_folder, b"", lists=False)
    (path_folder / "apt-get").write_text("#!/bin/sh\necho 'W: this' >&2\necho 'E: no network' >&2\nexit 100\n")

    with pytest.raises(basefiles.BaseFileError, match=r"could not download busybox-static: E: no network"):
        basefiles.busybox()


def test_the_busybox_of_this_host_runs_every_applet(tmp_path: Path) -> None:
    program = tmp_path / "busybox"
    program.write_bytes(basefiles.busybox())
    program.chmod(0o755)

    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()

    assert set(recipe.APPLETS) <= set(listed)
