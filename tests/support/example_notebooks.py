"""A notebook with everything that a page shows, and with what must not become part of it."""

import base64
import json
import struct
import zlib
from typing import Any

from tests.support.insights_rows import EVIL

PICTURE_SIDE = 8


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture() -> bytes:
    """A small PNG."""
    rows = b"".join(b"\x00" + b"\x33\x55\xd4" * PICTURE_SIDE for _ in range(PICTURE_SIDE))
    header = struct.pack(">IIBBBBB", PICTURE_SIDE, PICTURE_SIDE, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


HARM = (
    "<script>document.title='harmed'</script><style>body{display:none}</style>"
    "<img src=x onerror=document.title='harmed'><svg onload=document.title='harmed'></svg>"
    "<iframe src=javascript:1></iframe><form action=/><input></form>"
    '<p id=page onclick=alert(1) style=color:red hx-get="/stacks" hx-trigger=load>a sentence</p>'
    '<a href="javascript:alert(1)">a script</a> <a href="/stacks/churn/overview">a page of the studio</a>'
)
TABLE = "<table><thead><tr><th>depth</th></tr></thead><tbody><tr><td>0.91</td></tr></tbody></table>"


def _output(**data: str) -> dict[str, Any]:
    forms = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": forms}


def _code(count: int, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": count, "metadata": {}, "source": source, "outputs": list(outputs)}


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def notebook(*cells: dict[str, Any]) -> bytes:
    """The file of a notebook with these cells."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}).encode()


def example() -> bytes:
    """The notebook."""
    encoded = base64.b64encode(picture()).decode()
    return notebook(
        _markdown(
            f"# Churn\n\nA *first* look with [a script](javascript:alert(1)).\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n{HARM}"
        ),
        _code(1, f"print({EVIL!r})", {"output_type": "stream", "name": "stdout", "text": [EVIL, "\n"]}),
        _code(2, "table", _output(text_html=TABLE, text_plain="depth 0.91")),
        _code(3, "table", _output(text_html=HARM)),
        _code(4, "plot()", _output(image_png=encoded, text_plain="<Figure>")),
        _code(
            5,
            "1 / 0",
            {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[31mZeroDivision\x1b[0m"]},
        ),
        {"cell_type": "raw", "metadata": {}, "source": HARM},
    )
