"""Snapshots in the blob store, which is a folder here."""

import shutil
import zipfile
from pathlib import Path

import pytest

from infra.clients.service_connection import ServiceConnection
from mlw.tracking import code_snapshot, stored_snapshots
from mlw.tracking.code_snapshot import CodeSnapshotError
from mlw.tracking.stored_snapshots import blob_of, extract, store

CONNECTION = ServiceConnection(endpoint="http://127.0.0.1:1")


class FolderStore:
    """Blobs as files of a folder."""

    root = Path()
    uploads = 0

    def __init__(self, _connection: ServiceConnection) -> None:
        pass

    def exists(self, container: str, name: str) -> bool:
        return (self.root / container / name).exists()

    def upload(self, container: str, name: str, file: Path, **_type: str) -> None:
        type(self).uploads += 1
        target = self.root / container / name
        target.parent.mkdir(parents=True)
        shutil.copy(file, target)

    def download(self, container: str, name: str, file: Path) -> bool:
        if not self.exists(container, name):
            return False
        shutil.copy(self.root / container / name, file)
        return True


@pytest.fixture(autouse=True)
def blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the store."""
    FolderStore.root, FolderStore.uploads = tmp_path / "blobs", 0
    monkeypatch.setattr(stored_snapshots, "BlobFiles", FolderStore)
    return FolderStore.root


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("import lib", encoding="utf-8")
    (folder / "lib" / "go.sh").write_text("true", encoding="utf-8")
    (folder / "lib" / "go.sh").chmod(0o755)
    return folder


def test_the_same_code_is_stored_once_and_comes_back_as_it_was(code: Path, tmp_path: Path) -> None:
    identity = store(CONNECTION, "c", code_snapshot.take(code))
    again = store(CONNECTION, "c", code_snapshot.take(code))

    names = extract(CONNECTION, "c", identity, tmp_path / "out")

    assert (again, FolderStore.uploads, names) == (identity, 1, ["lib/go.sh", "train.py"])
    assert code_snapshot.take(tmp_path / "out").hash == identity
    assert blob_of(identity) == f"LocalUpload/{identity}/snapshot.zip"


def test_a_tag_that_is_no_hash_names_no_blob(tmp_path: Path) -> None:
    with pytest.raises(CodeSnapshotError, match="not the hash of a snapshot"):
        extract(CONNECTION, "c", "../../principals/ada", tmp_path)


def test_a_snapshot_that_is_gone_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(CodeSnapshotError, match="container 'c' has no 'LocalUpload/aaaa"):
        extract(CONNECTION, "c", "a" * 64, tmp_path)


def stored(blobs: Path, identity: str, entries: dict[str, bytes]) -> None:
    path = blobs / "c" / blob_of(identity)
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "a//b", "..\\evil"])
def test_an_archive_with_a_name_that_leads_out_writes_nothing(name: str, blobs: Path, tmp_path: Path) -> None:
    stored(blobs, "a" * 64, {"train.py": b"x", name: b"x"})
    (tmp_path / "out").mkdir()

    with pytest.raises(CodeSnapshotError, match="was not made by `mlw run`"):
        extract(CONNECTION, "c", "a" * 64, tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_an_archive_with_another_content_is_found_out(blobs: Path, tmp_path: Path) -> None:
    stored(blobs, "a" * 64, {"train.py": b"changed"})

    with pytest.raises(CodeSnapshotError, match="does not have this hash"):
        extract(CONNECTION, "c", "a" * 64, tmp_path / "out")


def test_a_damaged_archive_is_one_message(blobs: Path, tmp_path: Path) -> None:
    path = blobs / "c" / blob_of("a" * 64)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a zip file")

    with pytest.raises(CodeSnapshotError, match="the stored file is damaged"):
        extract(CONNECTION, "c", "a" * 64, tmp_path / "out")
