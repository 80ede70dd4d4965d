"""Set or remove one value anywhere in a stack file, and keep comments, formatting and every other byte.

As in :mod:`infra.stack_files.stack_file_edit` the text is cut at the parser's positions, and an edit that would change
any other value fails. New values are written in flow style.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import events

from infra.stack_files.stack_file import full_key
from infra.stack_files.stack_file_edit import values, verified
from infra.stack_files.yaml_document import DocumentError, Node, Value, parse, value_of
from infra.stack_files.yaml_scalars import ScalarError, scalar_value

Path = Sequence[str | int]
"""Keys of mappings and positions in lists, from `config` to the value."""

_CONFIG = "config"
_PLAIN = re.compile(r"[A-Za-z0-9](?:[\w@./+:-]*[\w@./+-])?(?: [\w@./+-]+)*", re.ASCII)


def set_value(text: str, path: Path, value: Value) -> str:
    """Set a value of the configuration, in place if it exists; missing mappings around it are added.

    Args:
        text: The text of the stack file.
        path: Where it is below `config`; the first key in any of its forms.
        value: The value.

    Raises:
        DocumentError: The text is not a stack file, or cannot be edited.
    """
    full = [_CONFIG, *_as_written(text, path)]
    return verified(_edited(text, full, value), _with(values(text), full, value))


def remove_value(text: str, path: Path) -> str:
    """Remove a value with its key; a value that does not exist is no error.

    Raises:
        DocumentError: The text is not a stack file, or cannot be edited.
    """
    full = [_CONFIG, *_as_written(text, path)]
    node, rest = _deepest(parse(text), full[:-1])
    names = _names(node) if node and not rest else []
    if node is None or full[-1] not in names:
        return text
    if len(names) == 1:
        return verified(_edited(text, full[:-1], {}), _with(values(text), full[:-1], {}))
    start, end = (_in_flow if node.is_flow else _in_block)(text, node.entries, names.index(str(full[-1])))
    return verified(text[:start] + text[end:], _without(values(text), full))


def _as_written(text: str, path: Path) -> Path:
    """The path with its first key as in the file: `workload` and `ml-workspace:workload` are the same key."""
    config, rest = _deepest(parse(text), [_CONFIG])
    wanted = full_key(str(path[0]))
    found = next((name for name in (_names(config) if config and not rest else []) if full_key(name) == wanted), wanted)
    return [found, *path[1:]]


def _edited(text: str, path: Path, value: Value) -> str:
    node, rest = _deepest(parse(text), path)
    if node is None or (rest and isinstance(rest[0], int)):
        raise DocumentError(f"it has no '{_shown(path)}'")
    for key in reversed(rest[1:]):
        if isinstance(key, int):
            raise DocumentError(f"it has no '{_shown(path)}'")
        value = {key: value}
    if rest and isinstance(node.resolved.event, events.MappingStartEvent):
        return _added(text, node, str(rest[0]), value)
    if rest and value_of(node) is not None:
        raise DocumentError(f"'{_shown(path[: len(path) - len(rest)])}' is not a mapping")
    written = to_flow({str(rest[0]): value} if rest else value)
    start, end = node.start.index, _last_index(text, node)
    if start == end:
        # The parser says that a missing value is where the next key begins, behind line breaks and comments.
        start = end = _after_key(text, path[: len(path) - len(rest)])
        written = f" {written}"
    elif isinstance(node.event, events.SequenceStartEvent) and not node.is_flow:
        # The dashes of a list may be where its key begins; nothing else may.
        key = _after_key(text, path[: len(path) - len(rest)])
        return f"{text[:key]} {written}{text[key:start].rstrip()}{text[end:]}"
    return text[:start] + written + text[end:]


def _after_key(text: str, path: Path) -> int:
    mapping, _ = _deepest(parse(text), path[:-1])
    names = [name for name, _ in mapping.entries if name.resolved.event.value == path[-1]] if mapping else []
    if not names:
        raise DocumentError(f"'{_shown(path)}' has no value")
    return text.index(":", names[0].end.index) + 1


def _deepest(root: Node | None, path: Path) -> tuple[Node | None, Path]:
    """The last existing node on a path, and what is missing of the path."""
    node = root
    for position, key in enumerate(path):
        found = _child(node, key) if node else None
        if found is None:
            return node, path[position:]
        node = found
    return node, ()


def _child(node: Node, key: str | int) -> Node | None:
    if isinstance(key, str):
        return next((value for name, value in node.entries if name.resolved.event.value == key), None)
    is_list = isinstance(node.resolved.event, events.SequenceStartEvent)
    return node.resolved.items[key] if is_list and key < len(node.resolved.items) else None


def _added(text: str, mapping: Node, key: str, value: Value) -> str:
    entry = f"{to_flow(key)}: {to_flow(value)}"
    entries = mapping.entries
    if mapping.is_flow:
        place = _last_index(text, entries[-1][1]) if entries else mapping.start.index + 1
        return f"{text[:place]}{', ' * bool(entries)}{entry}{text[place:]}"
    place = _line_end(text, _last_index(text, entries[-1][1]))
    line_break = "\r\n" if text.startswith("\r\n", place) else "\n"
    return f"{text[:place]}{line_break}{' ' * entries[0][0].start.column}{entry}{text[place:]}"


def _last_index(text: str, node: Node) -> int:
    """Where a value ends. The parser ends a collection in block style only at the next key, behind comments."""
    if node.items and not node.is_flow and not node.target:
        return _last_index(text, node.items[-1])
    return len(text[: node.end.index].rstrip("\r\n")) if node.end.index > node.start.index else int(node.end.index)


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end - text.startswith("\r", end - 1)


def _in_flow(text: str, entries: list[tuple[Node, Node]], index: int) -> tuple[int, int]:
    if index + 1 < len(entries):
        return entries[index][0].start.index, entries[index + 1][0].start.index
    return _last_index(text, entries[index - 1][1]), _last_index(text, entries[index][1])


def _in_block(text: str, entries: list[tuple[Node, Node]], index: int) -> tuple[int, int]:
    name, value = entries[index]
    end = text.find("\n", max(name.end.index, _last_index(text, value)))
    return name.start.index - name.start.column, len(text) if end < 0 else end + 1


def _names(mapping: Node) -> list[str]:
    return [str(getattr(name.resolved.event, "value", "")) for name, _ in mapping.entries]


def to_flow(value: Value) -> str:
    """Write a value in flow style, strings without quotes where they stay strings."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_flow(key)}: {to_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(to_flow(entry) for entry in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and _is_string(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_string(text: str) -> bool:
    try:
        return scalar_value(text, None, plain=True) == text
    except ScalarError:
        return False


def _with(known: Any, path: Path, value: Value) -> Any:  # noqa: ANN401 - values of YAML
    """A copy of the values with one of them set."""
    result = _copy(known)
    place = result
    for key in path[:-1]:
        if isinstance(place, dict) and place.get(str(key)) is None:
            place[str(key)] = {}
        place = place[key]
    place[path[-1]] = value
    return result


def _without(known: Any, path: Path) -> Any:  # noqa: ANN401 - values of YAML
    result = _copy(known)
    place = result
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return result


def _copy(known: Any) -> Any:  # noqa: ANN401 - values of YAML
    """A copy in which values that an alias repeats are different ones."""
    if isinstance(known, dict):
        return {key: _copy(value) for key, value in known.items()}
    return [_copy(value) for value in known] if isinstance(known, list) else known


def _shown(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path[1:]).removeprefix(".")
