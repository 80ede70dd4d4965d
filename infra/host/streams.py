"""Standard output and standard error as the project uses them: no text makes a command fail.

A terminal may lack characters (`PYTHONIOENCODING=ascii`, a Latin-1 locale) and a file name may be no valid text; what
cannot be written is shown as an escape sequence.
"""

from __future__ import annotations

import io
import sys


def accept_any_text() -> None:
    """Show characters that a stream cannot write as escape sequences, from here on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def can_write(text: str) -> bool:
    """Whether standard output has every character of ``text``."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
