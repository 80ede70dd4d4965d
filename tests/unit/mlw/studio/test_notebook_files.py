"""The notebooks' file store: what is refused, and that nothing is replaced unasked."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from minio.error import S3Error

from infra.clients.storage.blob_files import BlobForbiddenError
from infra.clients.storage.blob_listing import Content
from infra.errors import ServiceError
from mlw.studio.notebook_files import FileExistsAlreadyError, NotebookFileError, NotebookFiles
from mlw.studio.notebook_paths import NotebookPathError, folder_of, require_name, require_path
from mlw.studio.stack_access import NoAccessError
from tests.support.memory_folders import MemoryFolders

NOTEBOOK = "Users/ana/a.ipynb"


@pytest.fixture
def blobs() -> MemoryFolders:
    return MemoryFolders({NOTEBOOK: b"one", "Users/ana/data/": b"", "Users/ana/data/x.csv": b"1", "Users/bea/": b""})


@pytest.fixture
def files(blobs: MemoryFolders) -> NotebookFiles:
    return NotebookFiles(blobs=blobs, endpoint="http://127.0.0.1:1", principal="ana")  # type: ignore[arg-type]


def revision(files: NotebookFiles, path: str = NOTEBOOK) -> str:
    return files.find(path).etag


def test_a_folder_is_listed_and_ones_own_is_always_there(files: NotebookFiles, blobs: MemoryFolders) -> None:
    assert [one.name for one in files.entries("Users/ana/", limit=9)] == [NOTEBOOK, "Users/ana/data/"]
    blobs.content.clear()
    assert [one.name for one in files.entries("Users/", limit=9)] == ["Users/ana/"]


def test_an_upload_replaces_only_the_file_that_was_asked_about(files: NotebookFiles, blobs: MemoryFolders) -> None:
    with pytest.raises(FileExistsAlreadyError, match="a file of this name exists") as asked:
        files.write(NOTEBOOK, b"two")
    assert blobs.content[NOTEBOOK] == b"one"
    blobs.content[NOTEBOOK] = b"saved by someone else"
    with pytest.raises(FileExistsAlreadyError, match="has changed since you were asked") as again:
        files.write(NOTEBOOK, b"two", revision=asked.value.revision)
    assert blobs.content[NOTEBOOK] == b"saved by someone else"

    files.write(NOTEBOOK, b"two", revision=again.value.revision)

    assert blobs.content[NOTEBOOK] == b"two"


def test_no_file_gets_the_name_of_a_folder_and_none_comes_back_unasked(
    files: NotebookFiles, blobs: MemoryFolders
) -> None:
    with pytest.raises(NotebookFileError, match="a folder has this name"):
        files.write("Users/ana/data", b"x")
    with pytest.raises(NotebookFileError, match="it is gone"):
        files.write("Users/ana/b.ipynb", b"x", revision="r")
    assert "Users/ana/b.ipynb" not in blobs.content


def test_a_file_and_a_folder_are_renamed_with_their_content(files: NotebookFiles, blobs: MemoryFolders) -> None:
    files.rename(NOTEBOOK, "b.ipynb")
    files.rename("Users/ana/data/", "input")

    assert sorted(blobs.content) == ["Users/ana/b.ipynb", "Users/ana/input/", "Users/ana/input/x.csv", "Users/bea/"]


def test_what_is_saved_while_it_is_renamed_is_kept(files: NotebookFiles, blobs: MemoryFolders) -> None:
    copy = blobs.copy

    def copied_and_saved(name: str, to: str) -> None:
        copy(name, to)
        blobs.content[name] = b"saved by someone else"

    blobs.copy = copied_and_saved  # type: ignore[method-assign]
    with pytest.raises(NotebookFileError, match=f"'{NOTEBOOK}' was saved meanwhile"):
        files.rename(NOTEBOOK, "b.ipynb")

    assert (blobs.content[NOTEBOOK], blobs.content["Users/ana/b.ipynb"]) == (b"saved by someone else", b"one")


@pytest.mark.parametrize(("path", "name"), [(NOTEBOOK, "data"), ("Users/ana/data/", "a.ipynb"), (NOTEBOOK, "a.ipynb")])
def test_a_name_that_is_taken_is_refused(files: NotebookFiles, blobs: MemoryFolders, path: str, name: str) -> None:
    before = dict(blobs.content)

    with pytest.raises(NotebookFileError, match="this name is taken"):
        files.rename(path, name)
    with pytest.raises(NotebookFileError, match="this name is taken"):
        files.make_folder(folder_of(path), name)

    assert blobs.content == before


def test_what_is_not_there_is_not_renamed(files: NotebookFiles) -> None:
    with pytest.raises(NotebookFileError, match="does not exist any more"):
        files.rename("Users/ana/none", "b")


def test_only_what_was_asked_about_is_deleted(files: NotebookFiles, blobs: MemoryFolders) -> None:
    before = revision(files)
    blobs.content[NOTEBOOK] = b"saved by someone else"
    with pytest.raises(NotebookFileError, match="it has changed since you were asked"):
        files.delete(NOTEBOOK, revision=before)
    with pytest.raises(NotebookFileError, match="the folder is not empty"):
        files.delete("Users/ana/data/", revision="")

    files.delete(NOTEBOOK, revision=revision(files))
    files.delete("Users/bea/", revision="")

    assert sorted(blobs.content) == ["Users/ana/data/", "Users/ana/data/x.csv"]


@pytest.mark.parametrize("path", ["Users/", "Users/ana/"])
def test_folders_of_the_workspace_stay(files: NotebookFiles, path: str) -> None:
    with pytest.raises(NotebookFileError, match="a folder of the workspace"):
        files.delete(path, revision="")
    with pytest.raises(NotebookFileError, match="a folder of the workspace"):
        files.rename(path, "x")


@pytest.mark.parametrize(
    "path",
    ["", "Users", "other/", "Users//", "Users/../azureml/", "Users/./", "/Users/", "Users/a\n/", f"Users/{'x' * 256}/"],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(NotebookPathError, match="not a folder of the notebooks' file store"):
        require_path(path, is_folder=True)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\x00", "x" * 256])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(NotebookPathError, match="not a name of a file or a folder"):
        require_name(name)


@pytest.mark.parametrize("path", ["Users/ana/Übung 1 & 2.ipynb", "Users/x"])
def test_unusual_names_are_allowed(path: str) -> None:
    assert require_path(path, is_folder=False) == path


class _Denied(MemoryFolders):
    code = "AccessDenied"

    def create(self, *_name: object, **_more: object) -> bool:
        raise BlobForbiddenError(self.code)

    @contextmanager
    def reading(self, name: str) -> Iterator[Content]:
        yield from ()
        raise S3Error(None, self.code, name, "", "", "")  # type: ignore[arg-type]


def test_what_the_keys_do_not_allow_is_a_matter_of_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = NotebookFiles(blobs=_Denied(), endpoint="http://127.0.0.1:1", principal="rea")  # type: ignore[arg-type]

    for act in (lambda: denied.write("Users/a", b""), lambda: denied.read("Users/a")):
        with pytest.raises(NoAccessError, match="the roles of principal 'rea' do not include it"):
            act()
    monkeypatch.setattr(_Denied, "code", "InvalidAccessKeyId")
    for act in (lambda: denied.write("Users/a", b""), lambda: denied.read("Users/a")):
        with pytest.raises(ServiceError, match="InvalidAccessKeyId"):
            act()
