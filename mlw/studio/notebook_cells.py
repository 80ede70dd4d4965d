"""A notebook as cells that a page can show: read from its file, nothing of it is run.

Of several forms of an output the page shows the first that is safe and not empty: a table or text of HTML, a picture,
Markdown, plain text. Pictures have addresses of their own, because the content security policy allows no others.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from infra.errors import MlWorkspaceError
from mlw.studio.sanitized_text import clean_html, html_of_markdown

MOST_CELLS, MOST_CHARACTERS = 500, 20_000
"""What a page shows of a notebook, and of one output; the download has everything."""

MOST_MARKUP = 200_000
"""Of an output as HTML, which cannot be cut; a longer one is shown as text."""

_FORMAT = 4
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_MAGIC: Mapping[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
"""Types of pictures, and how their content begins. SVG is not one of them: it can contain scripts."""

PICTURES = frozenset(_MAGIC)


class NotebookFormatError(MlWorkspaceError):
    """A file is not a notebook that can be shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One output.

    Attributes:
        text: Text; empty for a picture.
        is_markup: Whether the text is safe markup.
        is_error: Whether it is what went wrong.
        is_cut: Whether the text is only the beginning.
        picture: Place of a picture, for :func:`picture_of`; empty for text.
    """

    text: str = ""
    is_markup: bool = False
    is_error: bool = False
    is_cut: bool = False
    picture: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        type: `code`, `markdown`, or `raw`.
        count: Its number in the order of execution; empty if it was not run.
        source: Its text; of a Markdown cell markup.
    """

    type: str
    count: str
    source: str
    outputs: tuple[Output, ...] = ()


def cells_of(content: bytes) -> tuple[list[Cell], int]:
    """The first cells of a notebook, and how many it has.

    Raises:
        NotebookFormatError: It is no notebook of format 4.
    """
    cells = _cells(content)
    return [_cell(number, one) for number, one in enumerate(cells[:MOST_CELLS])], len(cells)


def picture_of(content: bytes, place: str) -> tuple[str, bytes]:
    """Type and content of a picture in a notebook.

    Raises:
        NotebookFormatError: There is none.
    """
    try:
        cell, output = map(int, place.split("."))
        data = _cells(content)[cell]["outputs"][output]["data"]
        found = next((type_, _decoded(data[type_])) for type_ in _MAGIC if type_ in data)
    except (ValueError, KeyError, IndexError, TypeError, StopIteration, AttributeError) as exc:
        raise NotebookFormatError(f"reading picture '{place}' of the notebook: there is none.") from exc
    require_picture(*found)
    return found


def require_picture(type_: str, content: bytes) -> None:
    """Reject what only says that it is a picture.

    Raises:
        NotebookFormatError: It is something else.
    """
    if type_ not in _MAGIC or not content.startswith(_MAGIC[type_]):
        raise NotebookFormatError(f"showing a picture: the content is not of the type '{type_}'. Download the file.")


def _cells(content: bytes) -> list[Any]:
    try:
        document = json.loads(content)
        found, format_ = document.get("cells"), document.get("nbformat")
    except (ValueError, AttributeError, RecursionError) as exc:
        raise NotebookFormatError(
            f"showing the notebook: it is not valid ({type(exc).__name__}). Download it."
        ) from exc
    if format_ != _FORMAT or not isinstance(found, list):
        raise NotebookFormatError(
            f"showing the notebook: its format is '{format_}'; only format {_FORMAT} is shown. JupyterLab converts it."
        )
    return found


def _cell(number: int, given: Any) -> Cell:  # noqa: ANN401 - of a file that anyone may have written
    cell = given if isinstance(given, Mapping) else {}
    type_, source = str(cell.get("cell_type", "raw")), _text(cell.get("source"))
    if type_ == "markdown":
        return Cell(type=type_, count="", source=html_of_markdown(source))
    outputs = cell.get("outputs") if type_ == "code" else ()
    made = enumerate(outputs if isinstance(outputs, list) else ())
    shown = tuple(found for index, one in made if (found := _output(f"{number}.{index}", one)))
    return Cell(type=type_, count=_text(cell.get("execution_count")), source=source, outputs=shown)


def _output(place: str, given: Any) -> Output | None:  # noqa: ANN401 - as above
    if not isinstance(given, Mapping):
        return None
    if given.get("output_type") == "error":
        trace = given.get("traceback")
        lines = trace if isinstance(trace, list) and trace else [f"{given.get('ename')}: {given.get('evalue')}"]
        return _plain("\n".join(map(str, lines)), is_error=True)
    if given.get("output_type") == "stream":
        return _plain(_text(given.get("text")), is_error=given.get("name") == "stderr")
    data = given.get("data")
    return next(_forms(place, data), None) if isinstance(data, Mapping) else None


def _forms(place: str, data: Mapping[str, Any]) -> Iterator[Output]:
    markup = clean_html(_text(data["text/html"])) if "text/html" in data else Markup()
    if markup.striptags() and len(markup) <= MOST_MARKUP:
        yield Output(text=markup, is_markup=True)
    if any(type_ in data for type_ in _MAGIC):
        yield Output(picture=place)
    if markdown := _text(data.get("text/markdown")):
        yield Output(text=html_of_markdown(markdown), is_markup=True)
    for type_ in ("text/plain", "text/latex", "application/json"):
        if type_ in data:
            yield _plain(_text(data[type_]))
    if data:
        yield _plain(f"(an output of the type {', '.join(sorted(map(str, data)))})")


def _plain(text: str, *, is_error: bool = False) -> Output:
    shown = _ANSI.sub("", text)
    return Output(text=shown[:MOST_CHARACTERS], is_error=is_error, is_cut=len(shown) > MOST_CHARACTERS)


def _text(given: Any) -> str:  # noqa: ANN401 - as above
    """Text is a string or a list of lines; anything else is shown as it is written."""
    if given is None:
        return ""
    if isinstance(given, list) and all(isinstance(line, str) for line in given):
        return "".join(given)
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _decoded(given: Any) -> bytes:  # noqa: ANN401 - as above
    try:
        return base64.b64decode(_text(given))
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
