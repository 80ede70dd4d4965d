import json

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
