import io
import tarfile

import pytest

from mlw.jobs.ports import SourceFile
from mlw.jobs.tar_streams import ChunkReader, packed


def unpacked(*files: SourceFile) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(b"".join(packed(files))))


def test_files_have_content_mode_and_the_folders_above_them() -> None:
    tar = unpacked(SourceFile(name="a/b/c.sh", size=3, content=(b"ab", b"c"), mode=0o755))

    assert tar.getnames() == ["a", "a/b", "a/b/c.sh"]
    assert tar.getmember("a/b/c.sh").mode == 0o755
    assert tar.extractfile("a/b/c.sh").read() == b"abc"  # type: ignore[union-attr]


def test_read_only_files_do_not_belong_to_root() -> None:
    tar = unpacked(SourceFile(name="in/x", size=1, content=(b"x",), is_read_only=True))

    assert {(one.uid, oct(one.mode)) for one in tar} == {(65534, "0o555"), (65534, "0o444")}


def test_files_below_a_folder_that_others_have_leave_it_as_it_is() -> None:
    file = SourceFile(name="a/b", size=1, content=(b"x",))

    with tarfile.open(fileobj=io.BytesIO(b"".join(packed([file], below="var/app", at=9)))) as tar:
        assert [(one.name, one.mtime) for one in tar] == [("var/app/a", 9), ("var/app/a/b", 9)]


def test_long_names_and_names_in_any_script_survive() -> None:
    name = f"{'d' * 120}/Größe-数据.csv"

    assert unpacked(SourceFile(name=name, size=0)).getnames()[-1] == name


def test_a_file_that_changed_while_it_was_read_is_an_error() -> None:
    with pytest.raises(OSError, match="'x' has 2 bytes instead of 3"):
        list(packed([SourceFile(name="x", size=3, content=(b"ab",))]))


def test_chunks_are_read_as_a_file() -> None:
    reader = ChunkReader([b"abc", b"", b"defg"])

    assert [reader.read(2), reader.read(0), reader.read(10), reader.read(1)] == [b"ab", b"", b"cdefg", b""]
