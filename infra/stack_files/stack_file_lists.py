"""Add an entry to a list of a stack file, or remove one, and keep comments, formatting and every other byte.

As in :mod:`infra.stack_files.stack_file_values`. Where an entry cannot be cut out of the text, for instance because
another place refers to it by an alias, the whole list is written again in flow style: its values are right, and only
comments between its entries are lost.
"""

from __future__ import annotations

from ruamel.yaml import events

from infra.stack_files.stack_file import full_key
from infra.stack_files.stack_file_edit import values, verified
from infra.stack_files.stack_file_values import remove_value, set_value, to_flow
from infra.stack_files.yaml_document import DocumentError, Node, Value, parse

_CONFIG = "config"


def list_of(text: str, key: str) -> list[Value]:
    """The entries of a list of the configuration; empty if there is none.

    Raises:
        DocumentError: The text is not a stack file, or the value is no list.
    """
    config = values(text).get(_CONFIG)
    held = config if isinstance(config, dict) else {}
    found = next((value for name, value in held.items() if full_key(name) == full_key(key)), None)
    if not isinstance(found, list | None):
        raise DocumentError(f"'{key}' is not a list")
    return list(found or [])


def append_entry(text: str, key: str, value: Value) -> str:
    """Add an entry at the end of a list; a list that does not exist is added.

    Raises:
        DocumentError: The text is not a stack file, or cannot be edited.
    """
    present = list_of(text, key)
    node = _node(text, key)
    if node is None or not present:
        return set_value(text, [key], [*present, value])
    try:
        return verified(_appended(text, node, value), values(set_value(text, [key], [*present, value])))
    except DocumentError:
        return set_value(text, [key], [*present, value])


def remove_entry(text: str, key: str, position: int) -> str:
    """Remove one entry; with the last one the key goes as well.

    Raises:
        DocumentError: The text is not a stack file, or cannot be edited.
    """
    present = list_of(text, key)
    rest = [entry for index, entry in enumerate(present) if index != position]
    if not rest:
        return remove_value(text, [key])
    written_again = set_value(text, [key], rest)
    node = _node(text, key)
    if node is None:
        return written_again
    try:
        return verified(_without(text, node, position), values(written_again))
    except DocumentError:
        return written_again


def _node(text: str, key: str) -> Node | None:
    """The list itself; None if it is not written where its key is."""
    document = parse(text)
    config = next((value for name, value in document.entries if _name(name) == _CONFIG), None) if document else None
    found = (
        next((value for name, value in config.entries if full_key(_name(name)) == full_key(key)), None)
        if config
        else None
    )
    is_list = found is not None and not found.target and isinstance(found.event, events.SequenceStartEvent)
    return found if is_list else None


def _name(node: Node) -> str:
    return str(getattr(node.resolved.event, "value", ""))


def _appended(text: str, node: Node, value: Value) -> str:
    last = node.items[-1]
    if node.is_flow:
        place = _end(text, last)
        return f"{text[:place]}, {to_flow(value)}{text[place:]}"
    start = text.rindex("\n", 0, node.items[0].start.index) + 1
    dash = text.index("-", start)
    place = text.find("\n", _end(text, last))
    place = len(text) if place < 0 else place
    line_break = "\r\n" if text[:place].endswith("\r") else "\n"
    place -= text[:place].endswith("\r")
    return f"{text[:place]}{line_break}{text[start:dash]}- {to_flow(value)}{text[place:]}"


def _without(text: str, node: Node, position: int) -> str:
    items = node.items
    if node.is_flow:
        if position + 1 < len(items):
            return text[: items[position].start.index] + text[items[position + 1].start.index :]
        return text[: _end(text, items[position - 1])] + text[_end(text, items[position]) :]
    start = text.rindex("\n", 0, items[position].start.index) + 1
    end = text.find("\n", _end(text, items[position]))
    return text[:start] + ("" if end < 0 else text[end + 1 :])


def _end(text: str, node: Node) -> int:
    """Where a value ends. The parser ends a collection in block style only at the next key, behind comments."""
    if node.items and not node.is_flow and not node.target:
        return _end(text, node.items[-1])
    return len(text[: node.end.index].rstrip("\r\n")) if node.end.index > node.start.index else int(node.end.index)
