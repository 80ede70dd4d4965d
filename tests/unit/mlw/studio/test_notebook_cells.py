"""What a page shows of a notebook, and what never becomes part of it."""

import base64
import json

import pytest

from mlw.studio import notebook_cells
from mlw.studio.notebook_cells import MOST_CELLS, MOST_CHARACTERS, NotebookFormatError, cells_of, picture_of
from mlw.studio.sanitized_text import clean_html, html_of_markdown
from tests.support.example_notebooks import HARM, TABLE, example, notebook, picture
from tests.support.markup import Elements


def test_each_cell_has_its_number_its_source_and_its_outputs() -> None:
    cells, count = cells_of(example())

    assert count == len(cells) == 7
    assert [cell.count for cell in cells] == ["", "1", "2", "3", "4", "5", ""]
    assert cells[0].source.startswith("<h3>Churn</h3>\n<p>A <em>first</em> look")
    assert cells[2].outputs[0].text == TABLE
    assert cells[4].outputs[0].picture == "4.0"
    assert [(one.text, one.is_error, one.is_markup) for one in cells[5].outputs] == [("ZeroDivision", True, False)]


def test_what_does_harm_is_left_out_of_html() -> None:
    cleaned = clean_html(HARM)

    assert Elements(cleaned).found == [
        ("p", {}),
        ("a", {"target": "_blank", "rel": "noopener noreferrer"}),
        ("a", {"target": "_blank", "rel": "noopener noreferrer"}),
    ]
    assert "harmed" not in cleaned
    assert "a sentence" in cleaned


def test_html_in_markdown_is_text() -> None:
    made = html_of_markdown(
        f"{HARM}\n\n<b>bold</b> ![picture](http://elsewhere.example/x.png) [ok](https://example.org)"
    )

    assert {tag for tag, _ in Elements(made).found} <= {"p", "a"}
    assert "&lt;b&gt;bold&lt;/b&gt;" in made
    assert 'href="https://example.org"' in made
    assert "elsewhere.example" not in made


@pytest.mark.parametrize(("level", "made"), [(1, "h3"), (2, "h4"), (4, "h6"), (6, "h6")])
def test_headings_are_below_those_of_the_page(level: int, made: str) -> None:
    assert html_of_markdown(f"{'#' * level} title") == f"<{made}>title</{made}>\n"


def test_html_without_text_is_replaced_by_the_next_form() -> None:
    data = {"text/html": "<script>draw()</script><div></div>", "text/plain": "a chart"}
    one = {"cell_type": "code", "source": "x", "outputs": [{"output_type": "execute_result", "data": data}]}

    assert cells_of(notebook(one))[0][0].outputs[0].text == "a chart"


def test_a_large_notebook_is_cut() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "x" * (MOST_CHARACTERS + 1)}
    many = [{"cell_type": "code", "source": "x", "outputs": [stream]} for _ in range(MOST_CELLS + 1)]

    cells, count = cells_of(notebook(*many))

    assert (len(cells), count) == (MOST_CELLS, MOST_CELLS + 1)
    assert (len(cells[0].outputs[0].text), cells[0].outputs[0].is_cut) == (MOST_CHARACTERS, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"nbformat": 3, "worksheets": []}',
        b'{"nbformat": 4, "cells": {}}',
        b"\xff\xfe",
    ],
    ids=["empty", "list", "cut", "deep", "format-3", "cells", "not-utf-8"],
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(NotebookFormatError, match="showing the notebook"):
        cells_of(content)


@pytest.mark.parametrize(
    "cell",
    [
        None, 1, [], {}, {"cell_type": "code"}, {"cell_type": "code", "outputs": {}, "source": 5},
        {"cell_type": "code", "outputs": [None, {"data": []}, {"data": {}}, {"output_type": "stream", "text": [1]}]},
        {"cell_type": "code", "outputs": [{"data": {"application/x": 1}}, {"output_type": "error", "traceback": [1]}]},
    ],
)  # fmt: skip
def test_a_strange_cell_does_not_hide_the_others(cell: object) -> None:
    content = json.dumps({"nbformat": 4, "cells": [cell, {"cell_type": "raw", "source": "the next"}]}).encode()

    cells, _ = cells_of(content)

    assert cells[1].source == "the next"


def test_a_picture_is_what_it_says() -> None:
    assert picture_of(example(), "4.0") == ("image/png", picture())
    script = base64.b64encode(b"<svg onload=alert(1)>").decode()
    wrong = {"cell_type": "code", "outputs": [{"data": {"image/png": script}}, {"data": {"image/svg+xml": "<svg>"}}]}
    for place, said in {"0.0": "not of the type", "0.1": "there is none", "9.9": "there is none", "x": "none"}.items():
        with pytest.raises(NotebookFormatError, match=said):
            picture_of(notebook(wrong), place)
    assert "image/svg+xml" not in notebook_cells.PICTURES
