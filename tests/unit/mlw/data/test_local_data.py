"""Which files of a folder are uploaded, and what happens to those that change meanwhile."""

from pathlib import Path

import pytest

from mlw.data import local_data, uploads
from mlw.data.data_errors import DataPathError
from mlw.data.data_workspace import DataWorkspace
from mlw.data.local_data import LocalData
from tests.support.memory_blobs import MemoryBlobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "deep").mkdir(parents=True)
    (made / "a.csv").write_text("1\n")
    (made / "deep" / "b.csv").write_text("2\n")
    return made


def names(folder: Path) -> list[str]:
    return [one.name for one in local_data.read(folder, "uploading").files]


def test_links_to_files_belong_to_a_folder_unless_they_lead_out_of_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (folder / "inside").symlink_to("a.csv")
    (folder / "outside").symlink_to(tmp_path / "secret")

    assert names(folder) == ["a.csv", "deep/b.csv", "inside"]


@pytest.mark.parametrize("name", ["a\\b.csv", "a\nb.csv", "a\udcff.csv"], ids=["backslash", "line", "bytes"])
def test_names_that_no_storage_account_accepts_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("3\n")

    with pytest.raises(DataPathError, match="Rename the file"):
        local_data.read(folder, "uploading")


def test_the_digest_is_that_of_names_and_contents(folder: Path) -> None:
    def digest() -> str:
        return local_data.read(folder, "uploading").digest

    first = digest()
    (folder / "a.csv").write_text("2\n")
    changed = digest()
    (folder / "a.csv").rename(folder / "c.csv")

    assert len({first, changed, digest()}) == 3


def test_a_file_that_was_uploaded_in_part_is_uploaded_again(
    workspace: DataWorkspace, blobs: MemoryBlobs, folder: Path
) -> None:
    made = uploads.upload(workspace, folder, "uri_folder")
    blob = ("blobs", f"{made.name}/a.csv")
    blobs.content[blob] = b""

    uploads.upload(workspace, folder, "uri_folder")

    assert blobs.content[blob] == b"1\n"


@pytest.mark.parametrize("content", ["", "1", "2\n", "1\n\n"], ids=["empty", "shorter", "as long", "longer"])
def test_a_file_that_changes_meanwhile_is_not_stored_under_the_hash_of_what_it_was(
    workspace: DataWorkspace, blobs: MemoryBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    read = local_data.read

    def change_after(path: Path, doing: str) -> LocalData:
        found = read(path, doing)
        (folder / "a.csv").write_text(content)
        return found

    monkeypatch.setattr(local_data, "read", change_after)
    if content.startswith("1\n"):
        uploads.upload(workspace, folder, "uri_folder")
        assert b"1\n" in blobs.content.values()
    else:
        with pytest.raises(DataPathError, match=r"a\.csv': it changed meanwhile, nothing was stored\. Run it again"):
            uploads.upload(workspace, folder, "uri_folder")
        assert set(blobs.content.values()) <= {b"2\n"}
        assert not any(name.endswith("a.csv") for _, name in blobs.content)
