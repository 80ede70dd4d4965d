import io
import tarfile
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap.images import build_context, recipe


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    file = tmp_path / "some-binary"
    file.write_bytes(b"program")
    file.chmod(0o600)
    return file


def written(binary: Path, *, source: str = "built") -> bytes:
    out = io.BytesIO()
    base = build_context.BaseFiles(busybox=b"busybox", certificates=b"authorities")
    build_context.write(out, SERVICE, base, binary, recipe="0123abcd", source=source)
    return out.getvalue()


def entries(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {entry.name: entry for entry in archive}


def text_of(content: bytes, name: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read().decode()


def test_it_holds_what_the_dockerfile_copies(binary: Path) -> None:
    content = written(binary)

    assert {"Dockerfile", "binary", "folder", "rootfs/tmp", "rootfs/bin/busybox"} <= set(entries(content))
    assert text_of(content, "binary") == "program"
    assert text_of(content, "rootfs/etc/ssl/certs/ca-certificates.crt") == "authorities"


def test_every_applet_is_a_link_to_the_one_busybox(binary: Path) -> None:
    found = entries(written(binary))

    assert {found[f"rootfs/bin/{applet}"].linkname for applet in recipe.APPLETS} == {"busybox"}


def test_programs_are_executable_and_nothing_is_writable_but_the_temporary_folder(binary: Path) -> None:
    found = entries(written(binary))

    assert found["binary"].mode == 0o755
    assert found["rootfs/bin/busybox"].mode == 0o755
    writable = [name for name, entry in found.items() if entry.mode & 0o022 and not entry.issym()]
    assert writable == ["rootfs/tmp"]


def test_it_is_the_same_whenever_and_wherever_it_is_made(binary: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.write_bytes(binary.read_bytes())

    assert written(binary) == written(other)


def test_the_labels_come_last_so_that_layers_are_shared_between_sources(binary: Path) -> None:
    built = text_of(written(binary), "Dockerfile")
    pulled = text_of(written(binary, source="pulled"), "Dockerfile")

    assert built.splitlines()[-1] == 'LABEL ml-workspace.recipe="0123abcd" ml-workspace.source="built"'
    assert built.splitlines()[:-1] == pulled.splitlines()[:-1]
    assert built != pulled


def test_the_account_file_knows_the_service_by_its_numbers() -> None:
    assert "vault:x:100:1000:" in build_context.accounts(SERVICE)
