from pathlib import Path

import pytest

from tools.checks import phrases


def write(root: Path, text: str, *, excluded: str = "") -> Path:
    (root / "docs").mkdir()
    (root / "docs" / "page.md").write_text(text)
    listed = root / "phrases.toml"
    listed.write_text(
        f'paths = ["docs"]\nexcluded = [{excluded}]\nphrases = [{{phrase = "has none of that", instead = "no"}}]\n'
    )
    return listed


def found(root: Path, listed: Path) -> list[str]:
    said: list[str] = []
    phrases.main(root, listed, said.append)
    return said


@pytest.mark.parametrize(
    "text",
    ["It has none of that.", "It Has  none of that.", "It has\nnone of that.", "# It has none\n# of that."],
    ids=["in a line", "in other letters", "over two lines", "over two lines of a comment"],
)
def test_a_phrase_is_found_with_its_line_and_what_to_write(tmp_path: Path, text: str) -> None:
    listed = write(tmp_path, f"A heading\n{text}\n")

    (problem,) = found(tmp_path, listed)

    assert problem.startswith("docs/page.md:2: '")
    assert problem.endswith("'; write: no")


@pytest.mark.parametrize(
    "text",
    ["It has none of thatch.", "It whas none of that.", "It has\n\nnone of that."],
    ids=["in a longer word", "at the end of a word", "over two paragraphs"],
)
def test_other_text_is_left_alone(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, write(tmp_path, text)) == []


def test_an_excluded_file_is_not_checked(tmp_path: Path) -> None:
    assert found(tmp_path, write(tmp_path, "has none of that", excluded='"docs/page.md"')) == []


def test_every_listed_file_and_folder_exists() -> None:
    listed = phrases.read()

    assert [path for path in (*listed.paths, *listed.excluded) if not (phrases.ROOT / path).exists()] == []


def test_no_phrase_is_in_the_files_that_are_checked() -> None:
    said: list[str] = []

    assert phrases.main(say=said.append) == 0, "\n".join(said)
