import json
import sys

import pytest

from mlw.output import table, to_json


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    text = table(["NAME", "N"], [["a-long-name", "1"], ["b", "12345"]])

    assert text.splitlines() == ["NAME         N", "a-long-name  1", "b            12345"]


def test_no_line_ends_with_blanks() -> None:
    assert table(["A", "B"], [["x", ""]]).splitlines() == ["A  B", "x"]


def test_json_keeps_every_character() -> None:
    assert "é" in to_json({"a": "é"})
    assert json.loads(to_json({"a": "é"})) == {"a": "é"}


def test_an_indented_table_has_no_blanks_at_the_ends_of_lines() -> None:
    assert table(("a", "b"), [("long", "")], indent="  ") == "  a     b\n  long"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output is a terminal of 20 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")


@pytest.mark.usefixtures("terminal")
def test_a_table_fits_the_terminal() -> None:
    text = table(["NAME", "SUMMARY", "N"], [["one", "several words that are long", "1"], ["two", "few", "2"]])

    assert text.splitlines() == [
        "NAME  SUMMARY      N",
        "one   several      1",
        "      words that",
        "      are long",
        "two   few          2",
    ]


@pytest.mark.usefixtures("terminal")
def test_a_table_that_fits_stays_as_it_is() -> None:
    assert table(["A", "B"], [["x y", "z"]]).splitlines() == ["A    B", "x y  z"]


@pytest.mark.usefixtures("terminal")
def test_columns_of_a_table_that_cannot_fit_keep_a_minimum() -> None:
    (_, *lines) = table(["A", "B", "C"], [["a" * 12, "b" * 12, "c" * 12]]).splitlines()

    assert lines == ["aaaaaaaa  bbbbbbbb  cccccccc", "aaaa      bbbb      cccc"]


@pytest.mark.usefixtures("terminal")
def test_columns_with_ids_stay_whole() -> None:
    (_, *lines) = table(["A", "ID"], [["several words", "1" * 12]], whole=[1]).splitlines()

    assert lines == ["several   111111111111", "words"]


def test_a_table_in_a_pipe_has_its_full_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")

    assert table(["A"], [["word " * 20 + "."]]).splitlines()[1] == "word " * 20 + "."
