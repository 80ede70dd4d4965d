"""Parse YAML as the Pulumi CLI does: nodes with their positions in the text, and their values.

Built on ruamel.yaml's events. This module interprets them as Go's yaml.v3 does (only the first document counts, keys
are unique, `<<` merges). Knows nothing about stacks.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.scanner import Scanner

from infra.stack_files.yaml_scalars import Scalar, ScalarError, number_text, scalar_value

Value = Scalar | list[Any] | dict[str, Any]

_MERGE = "<<"
_MANY_VALUES, _MANY_ALIASED, _ALIASED_SHARE = 1000, 100, 0.99
"""Limits above which a document that consists mostly of aliases is rejected; the same as yaml.v3's."""

_DEEPEST = 300
"""Maximum nesting of lists and mappings; the CLI allows more, but no configuration needs it."""


class DocumentError(ValueError):
    """The text is not valid YAML, or the CLI does not accept it; the message says where and why."""


@dataclass(slots=True, eq=False)
class Node:
    """One value in a document.

    Attributes:
        event: The parser's event: start position, tag, style, text.
        end: Position after the node.
        items: Entries of a list; alternating keys and values of a mapping.
        target: The node that an alias refers to.
    """

    event: Any
    end: StreamMark
    items: list[Node] = field(default_factory=list)
    target: Node | None = None

    @property
    def start(self) -> StreamMark:
        """Start position: `index`, `line` and `column`, counted from 0."""
        mark: StreamMark = self.event.start_mark
        return mark

    @property
    def entries(self) -> list[tuple[Node, Node]]:
        """Keys with values; empty if it is not a mapping."""
        node = self.resolved
        is_mapping = isinstance(node.event, events.MappingStartEvent)
        return list(zip(node.items[::2], node.items[1::2], strict=True)) if is_mapping else []

    @property
    def resolved(self) -> Node:
        """The node itself, or the target of an alias."""
        return self.target or self

    @property
    def is_flow(self) -> bool:
        """Whether it is a collection in flow style (braces or brackets)."""
        return bool(getattr(self.event, "flow_style", False))

    def has_entry(self, key: str) -> bool:
        """Whether it is or contains a mapping with ``key``."""
        return any(
            isinstance(name.event, events.ScalarEvent) and name.event.value == key for name, _ in self.entries
        ) or (any(item.has_entry(key) for item in self.items))


def decode(content: bytes) -> str:
    """Decode the content of a file, without its byte order mark.

    Raises:
        DocumentError: It is neither UTF-8 nor marked as UTF-16.
    """
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise DocumentError(f"line {line}: it is not UTF-8 text ({exc.reason})") from exc


@lru_cache(maxsize=8)
def parse(text: str) -> Node | None:
    """Parse the first document of a text; None if it is empty. Cached, because one command parses a text repeatedly.

    Raises:
        DocumentError: The text is not valid YAML.
    """
    try:
        library = YAML(typ="safe", pure=True)
        library.Scanner = _Scanner
        return _Composer(library.parse(text)).document()
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise DocumentError(f"{place}not valid YAML: {exc.problem}") from exc
    except DocumentError:
        raise
    except (YAMLError, ValueError, OverflowError) as exc:
        raise DocumentError(f"not valid YAML: {' '.join(str(exc).split())}") from exc


class _Scanner(Scanner):
    """Scans like yaml.v3: tabs separate tokens, except before keys of a block; an escaped slash is an error."""

    ESCAPE_REPLACEMENTS = {  # noqa: RUF012 - as in the base class
        **{key: text for key, text in Scanner.ESCAPE_REPLACEMENTS.items() if key != "/"},
        "'": "'",
    }

    def scan_to_next_token(self) -> None:
        super().scan_to_next_token()
        while self.reader.peek() == "\t" and not self.allow_simple_key:
            self.reader.forward()
            super().scan_to_next_token()


class _Composer:
    """Builds nodes from events."""

    def __init__(self, found: Iterator[Any]) -> None:
        self._events = found
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                if event.version not in {None, (1, 1)}:
                    raise DocumentError("its directive %YAML names a version other than 1.1; remove the directive")
                return self._node(next(self._events), _DEEPEST)
        return None

    def _node(self, event: events.NodeEvent, left: int) -> Node:
        if not left:
            raise DocumentError(f"line {event.start_mark.line + 1}: it is nested more than {_DEEPEST} levels deep")
        if isinstance(event, events.AliasEvent):
            if event.anchor not in self._anchors:
                raise DocumentError(f"line {event.start_mark.line + 1}: unknown anchor '{event.anchor}'")
            return Node(event, event.end_mark, target=self._anchors[event.anchor])
        node = Node(event, event.end_mark)
        if any("\ud800" <= ch <= "\udfff" for ch in getattr(event, "value", "")):
            raise _problem(
                node, "it contains half of a UTF-16 surrogate pair; allowed: the character itself, or \\U and 8 digits"
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if isinstance(event, events.CollectionStartEvent):
            while not isinstance(inner := next(self._events), events.CollectionEndEvent):
                node.items.append(self._node(inner, left - 1))
            node.end = inner.end_mark
        return node


def value_of(node: Node | None) -> Value:
    """The value of a node.

    Raises:
        DocumentError: A key occurs twice, a merge is not valid, or a value does not fit its tag.
    """
    if node is None:
        return None
    try:
        return _Reader().value(node)
    except RecursionError as exc:
        raise _problem(node, "aliases within aliases are nested too deeply") from exc


def merged_entries(node: Node) -> dict[str, Node]:
    """Keys of a mapping with the nodes of their values, including merged mappings.

    Raises:
        DocumentError: As in :func:`value_of`.
    """
    return _Reader().entries(node)


class _Reader:
    """One pass over a document; counts values, so that a few lines of aliases can't expand to gigabytes."""

    def __init__(self) -> None:
        self._within: list[Node] = []
        self._values = self._aliased = self._aliases = 0

    def value(self, node: Node) -> Value:
        self._count(node)
        if node.target is not None:
            return self._of_alias(node)
        if isinstance(node.event, events.ScalarEvent):
            return _scalar(node)
        if isinstance(node.event, events.SequenceStartEvent):
            return [self.value(item) for item in node.items]
        return {key: self.value(entry) for key, entry in self.entries(node).items()}

    def _count(self, node: Node) -> None:
        self._values += 1
        self._aliased += self._aliases > 0
        is_large = self._aliased > _MANY_ALIASED and self._values > _MANY_VALUES
        if is_large and self._aliased / self._values > _ALIASED_SHARE:
            raise _problem(node, "nearly all values are repetitions by aliases")

    def _of_alias(self, node: Node) -> Value:
        target = node.resolved
        if target in self._within or not _is_complete(target, node):
            raise _problem(node, f"the anchor '{node.event.anchor}' contains itself")
        self._within.append(target)
        self._aliases += 1
        found = self.value(target)
        self._aliases -= 1
        self._within.pop()
        return found

    def entries(self, node: Node) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        seen: set[str] = set()
        for name, entry in node.entries:
            text = str(name.resolved.event.value) if isinstance(name.resolved.event, events.ScalarEvent) else ""
            if not isinstance(name.resolved.event, events.ScalarEvent):
                raise _problem(name, "a key is a list or a mapping; allowed: a string")
            if text in seen:
                raise _problem(name, f"the key '{text}' occurs twice")
            seen.add(text)
            if text == _MERGE:
                merged = self._merged(entry)
            else:
                own[_key_text(_scalar(name.resolved))] = entry
        return {**merged, **own}

    def _merged(self, node: Node) -> dict[str, Node]:
        """The entries merged by `<<`: of one mapping, or of several, where the first one wins."""
        target = node.resolved
        several = isinstance(target.event, events.SequenceStartEvent)
        found: dict[str, Node] = {}
        for one in target.items if several else [node]:
            if not isinstance(one.resolved.event, events.MappingStartEvent):
                raise _problem(node, "'<<' merges a mapping or a list of mappings")
            found = {**self.entries(one.resolved), **found}
        return found


def _is_complete(target: Node, alias: Node) -> bool:
    return bool(target.end.index <= alias.start.index)


def _scalar(node: Node) -> Scalar:
    try:
        return scalar_value(node.event.value, node.event.tag, plain=node.event.style is None)
    except ScalarError as exc:
        raise _problem(node, str(exc)) from exc


def _key_text(key: Scalar) -> str:
    if key is None:
        return "<nil>"
    if isinstance(key, bool):
        return str(key).lower()
    return key if isinstance(key, str) else number_text(key)


def _problem(node: Node, what: str) -> DocumentError:
    return DocumentError(f"line {node.start.line + 1}: {what}")
