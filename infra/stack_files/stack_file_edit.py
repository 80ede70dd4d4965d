"""Edit stack files: set or remove a top-level key, or set a key in `config`, without changing any other byte.

Rewriting a file from its values would lose its formatting, and even ruamel.yaml's round trip changes indents and line
breaks. So the text is cut at the parser's positions of the key and its value, and the result is parsed again; an edit
that would change anything else fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from infra.stack_files.yaml_document import DocumentError, Node, Value, parse, value_of

_CONFIG = "config"
_BREAKS = ("\n", "\r")


def set_key(text: str, key: str, value: str) -> str:
    """Set the top-level ``key`` to ``value``, as the first key of the file; replaces an existing one.

    Raises:
        DocumentError: The text is not valid YAML, or cannot be edited.
    """
    bare = remove_key(text, key)
    return verified(_added(bare, parse(bare), key, value), {**values(bare), key: value})


def set_config_value(text: str, key: str, value: str) -> str:
    """Set ``key`` in the mapping `config` to ``value``; replaces an existing one.

    Raises:
        DocumentError: The text is not valid YAML, has no mapping `config`, or cannot be edited.
    """
    bare, known = text, values(text)
    config, expected = _config(text), known.get(_CONFIG)
    if config is None or not config.entries or not isinstance(expected, dict):
        raise DocumentError(f"its key '{_CONFIG}' is not a mapping")
    names = _names(config)
    if key in names:
        start, end = (_in_flow if config.is_flow else _in_block)(text, config.entries, names.index(key))
        bare = text[:start] + text[end:]
    return verified(_added(bare, _config(bare), key, value), {**known, _CONFIG: {**expected, key: value}})


def _config(text: str) -> Node | None:
    document = parse(text)
    entries = document.entries if document else []
    return next((value for name, value in entries if _names_of([name]) == [_CONFIG]), None)


def _added(text: str, mapping: Node | None, key: str, value: str) -> str:
    entry = f"{key}: {json.dumps(value)}"
    if mapping is not None and mapping.is_flow:
        place, added = mapping.start.index + 1, entry + ", " * bool(mapping.entries)
    elif mapping is not None and mapping.entries:
        first = mapping.entries[0][0].start
        place, added = first.index, f"{entry}\n{' ' * first.column}"
    else:
        place, added = len(text), f"{'' if not text or text.endswith(_BREAKS) else chr(10)}{entry}\n"
    return text[:place] + added + text[place:]


def _names(mapping: Node) -> list[str]:
    return _names_of([name for name, _ in mapping.entries])


def _names_of(nodes: Sequence[Node]) -> list[str]:
    return [str(getattr(name.resolved.event, "value", "")) for name in nodes]


def remove_key(text: str, key: str) -> str:
    """Remove ``key`` with its value and the rest of its line.

    Raises:
        DocumentError: The text is not valid YAML, or cannot be edited.
    """
    document = parse(text)
    known = values(text)
    entries = document.entries if document else []
    names = _names(document) if document else []
    if key not in names or document is None:
        return text
    index = names.index(key)
    start, end = (_in_flow if document.is_flow else _in_block)(text, entries, index)
    return verified(text[:start] + text[end:], {name: value for name, value in known.items() if name != key})


def _in_flow(_text: str, entries: list[tuple[Node, Node]], index: int) -> tuple[int, int]:
    if index + 1 < len(entries):
        return entries[index][0].start.index, entries[index + 1][0].start.index
    before = entries[index - 1][1].end.index if index else entries[index][0].start.index
    return before, entries[index][1].end.index


def _in_block(text: str, entries: list[tuple[Node, Node]], index: int) -> tuple[int, int]:
    name, value = entries[index]
    end = max(name.end.index, value.end.index)
    while end < len(text) and not text[:end].endswith(_BREAKS):
        end += 1
    return name.start.index - name.start.column, end + text.startswith("\n", end) * (text[end - 1] == "\r")


def values(text: str) -> Mapping[str, Value]:
    """The values in a text.

    Raises:
        DocumentError: It is not a mapping.
    """
    found = value_of(parse(text))
    if not isinstance(found, dict | None):
        raise DocumentError("it is not a mapping of keys to values")
    return found or {}


def verified(edited: str, expected: Mapping[str, Value]) -> str:
    """Return an edited text if its values are the expected ones.

    Raises:
        DocumentError: They are not.
    """
    if values(edited) != expected:
        raise DocumentError("the edit would change more than this key")
    return edited
