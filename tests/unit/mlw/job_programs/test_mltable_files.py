"""Which files a table of Azure is; what is in them is tested with jobs, which have pandas."""

from pathlib import Path

import pytest

from mlw.job_programs import mltable_files
from mlw.job_programs.program_errors import ProgramMistakeError, running


def _table(folder: Path, text: str, *names: str, name: str = "MLTable") -> Path:
    for one in names:
        (folder / one).parent.mkdir(parents=True, exist_ok=True)
        (folder / one).touch()
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("entry", "expected"),
    [("file: ./b.csv", ["b.csv"]), ("folder: ./more", ["c.csv", "d.csv"]), ("pattern: ./*.csv", ["a.csv", "b.csv"])],
    ids=["file", "folder", "pattern"],
)
@pytest.mark.parametrize("name", ["MLTable", "MLTABLE"])
def test_paths_name_files_folders_and_patterns(tmp_path: Path, entry: str, expected: list[str], name: str) -> None:
    folder = _table(tmp_path, f"paths:\n  - {entry}\n", "a.csv", "b.csv", "more/c.csv", "more/d.csv", name=name)

    assert [one.name for one in mltable_files.files_of(folder)] == expected


def test_a_folder_without_a_definition_is_the_table_of_its_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "readme.txt"):
        (tmp_path / name).touch()

    assert [one.name for one in mltable_files.files_of(tmp_path)] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("paths:\n  - file: ./none.csv\n", "it has no file './none.csv'"),
        (
            "paths:\n  - file: https://example.org/x.csv\n",
            "'https://example.org/x.csv' is outside of the table's folder",
        ),
        ("paths: []\n", "its `paths` name no file"),
        ("paths:\n  - x.csv\n", "'x.csv' of `paths` is not `file: NAME`"),
        ("[1, 2]\n", "not a mapping of keys to values"),
        ("a: [\n", "not YAML"),
    ],
    ids=["absent", "web", "empty", "text", "list", "not YAML"],
)
def test_a_wrong_definition_is_one_message(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProgramMistakeError, match="reading") as caught:
        mltable_files.files_of(_table(tmp_path, text))

    assert message in str(caught.value)


def test_a_mistake_of_the_user_is_a_message_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def program() -> int:
        raise ProgramMistakeError("reading x: no y.")

    assert running(program) == 1
    assert capsys.readouterr().err == "error: reading x: no y.\n"
