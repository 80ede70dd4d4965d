"""Suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Suggest the names that a misspelt one may stand for.

    Returns:
        A sentence with a space in front; empty when no name is similar.
    """
    import difflib  # noqa: PLC0415 - only for an error

    near = difflib.get_close_matches(name, list(known))
    return f" Did you mean {' or '.join(repr(found) for found in near)}?" if near else ""
