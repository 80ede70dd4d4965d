"""Files of npm packages: what is pinned is what is used, complete or not at all."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from infra.errors import HostError
from infra.host import folders, npm_packages

CONTENT = b"the script"


def archive(**files: bytes) -> bytes:
    """An archive as npm packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that delivers the file `served`, and writes down how it was called."""
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n/bin/cp {tmp_path}/served ./demo-1.0.0.tgz\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    (tmp_path / "served").write_bytes(archive(a=CONTENT))
    return tmp_path


def table(folder: Path, *, of: bytes) -> npm_packages.NpmFiles:
    integrity = base64.b64encode(hashlib.sha512(of).digest()).decode()
    path = folder / "demo_assets.toml"
    path.write_text(
        f'[[packages]]\nname = "demo"\nversion = "1.0.0"\nintegrity = "sha512-{integrity}"\nfiles = {{a = "a.js"}}\n'
    )
    return npm_packages.read_table(path, title="the demo")


def test_pinned_files_are_fetched_once(npm: Path) -> None:
    wanted = table(npm, of=(npm / "served").read_bytes())

    folder = npm_packages.ensure(wanted)
    again = npm_packages.ensure(wanted)

    assert folder == again == wanted.folder
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("a.js", CONTENT)]
    calls = (npm / "calls").read_text().splitlines()
    assert len(calls) == 1
    assert calls[0].startswith("pack demo@1.0.0 --silent --ignore-scripts ")
    assert [path.name for path in folders.tools().iterdir()] == [folder.name]


def test_another_package_than_the_pinned_one_is_not_used(npm: Path) -> None:
    wanted = table(npm, of=b"something else")

    with pytest.raises(HostError, match=r"fetching the demo: demo@1.0.0 has the integrity sha512-.* expected sha512-"):
        npm_packages.ensure(wanted)

    assert not wanted.are_present()
    assert list(folders.tools().iterdir()) == []


def test_another_table_has_another_folder(npm: Path) -> None:
    assert table(npm, of=b"one").folder != table(npm, of=b"two").folder


def test_without_npm_the_message_says_how_to_get_it(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(npm))

    with pytest.raises(HostError, match=r"there is no `npm` on the PATH. Install it .*apt-get install npm"):
        npm_packages.ensure(table(npm, of=b""))


def test_what_npm_says_is_part_of_the_message(npm: Path) -> None:
    (npm / "bin" / "npm").write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")

    with pytest.raises(HostError, match=r"npm could not fetch demo@1.0.0 \(npm error network\)"):
        npm_packages.ensure(table(npm, of=b""))


def test_a_package_without_the_file_is_an_error(npm: Path) -> None:
    (npm / "served").write_bytes(archive(b=CONTENT))

    with pytest.raises(HostError, match=r"reading demo@1.0.0: it has no file 'a'"):
        npm_packages.ensure(table(npm, of=(npm / "served").read_bytes()))
