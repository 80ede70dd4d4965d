"""Files are placed inside a folder, complete or not at all."""

from pathlib import Path

import pytest

from mlw.tracking.placed_files import TargetFileError, is_inside, target_of, writing


@pytest.mark.parametrize(
    ("name", "inside"),
    [("a", True), ("a/b.txt", True), ("..", False), ("a/../b", False), ("/a", False), ("a//b", False), ("", False)],
)
def test_only_names_below_the_folder_are_inside(name: str, inside: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_inside(name) is inside


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("old", encoding="utf-8")

    with pytest.raises(TargetFileError, match=r"exists.*--overwrite"):
        target_of(tmp_path, "model.pkl", "downloading", overwrites=False)

    assert target_of(tmp_path, "model.pkl", "downloading", overwrites=True) == tmp_path / "model.pkl"


def test_a_link_in_the_folder_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "file").symlink_to(tmp_path / "elsewhere" / "file")

    with pytest.raises(TargetFileError, match="is a link out of"):
        target_of(folder, "linked/a", "downloading", overwrites=True)
    with pytest.raises(TargetFileError, match="exists"):
        target_of(folder, "file", "downloading", overwrites=True)


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("old", encoding="utf-8")

    def break_off() -> None:
        with writing(tmp_path / "out" / "a") as file:
            file.write(b"half")
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        break_off()

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "old"
