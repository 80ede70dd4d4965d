"""Standard output and standard error that accept any text.

A terminal may lack characters (`PYTHONIOENCODING=ascii`, a Latin-1 locale), and a file name may not be valid text;
characters that cannot be encoded are shown as escape sequences.
"""

from __future__ import annotations

import io
import sys


def accept_any_text() -> None:
    """Make both streams write characters that they cannot encode as escape sequences."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def can_write(text: str) -> bool:
    """Whether standard output can encode every character of ``text``."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
