"""Read stack files as the engine does, but without the engine.

For commands and checks that do not start the engine (`mlw policy check`, reports, `make up` before it starts the CLI).
The values are the same as the Pulumi CLI's; tests/policy/engine/test_stack_files_in_the_engine.py compares them file by
file. Encrypted values can't be read and are replaced by a placeholder. :mod:`infra.stack_files.stack_file_edit` edits
stack files.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import MlWorkspaceError
from infra.rules.stack.stack_file_keys import GO_ESCAPES, NAMESPACE
from infra.stack_files.yaml_document import DocumentError, Node, Value, decode, merged_entries, parse, value_of
from infra.stack_files.yaml_scalars import number_text

ENCRYPTED = "encrypted"
"""Placeholder for a value that only the engine can decrypt."""

SECURE = "secure"
"""The only key of a mapping that represents an encrypted value."""

_CONFIG = "config"
_SECTION = re.compile(r"[.\[]")


class StackFileError(MlWorkspaceError):
    """The stack file can't be read or is not valid."""


@dataclass(frozen=True, slots=True)
class StackFile:
    """A parsed stack file.

    Attributes:
        text: Its text.
        document: Its root node; None if it is empty.
        config: Full keys with their values, including lists and mappings.
    """

    text: str
    document: Node | None
    config: Mapping[str, Value]

    @property
    def values(self) -> dict[str, str]:
        """Full keys with string values, as the engine passes them to the program; lists and mappings as JSON."""
        return {key: _text(_without_secrets(value)) for key, value in self.config.items()}

    @property
    def sizes(self) -> dict[str, str]:
        """Like :attr:`values`, but placeholders of encrypted values are as long as the decrypted values."""
        return {key: _text(_without_secrets(value, as_long=True)) for key, value in self.config.items()}

    @property
    def encrypted(self) -> frozenset[str]:
        """Full keys of the encrypted values, e.g. `ml-workspace:datastores[0].secretAccessKey`."""
        return frozenset(key for name, value in self.config.items() for key in _encrypted(name, value))

    def line_of(self, key: str) -> int:
        """The line, counted from 1, of the longest prefix of ``key`` that is in the file; 1 if there is none."""
        found = merged_entries(self.document).get(_CONFIG) if self.document else None
        line = 1
        while found and key and (step := _step(found, key)):
            place, found, key = step
            line = place.start.line + 1
        return line


def open_stack_file(path: Path) -> StackFile:
    """Read a stack file.

    Raises:
        StackFileError: The file does not exist, or is not a stack file.
    """
    try:
        return parse_stack_file(path.read_bytes())
    except OSError as exc:
        msg = f"reading {path}: {exc.strerror}; a stack is configured in stacks/Pulumi.<stack>.yaml"
        raise StackFileError(msg) from exc
    except DocumentError as exc:
        msg = (
            f"reading {path}: {exc}; allowed: YAML in UTF-8, such as config: {{ml-workspace:workload: …}}. "
            "Correct the file and run the command again."
        )
        raise StackFileError(msg) from exc


def parse_stack_file(content: bytes) -> StackFile:
    """Read the content of a stack file.

    Raises:
        DocumentError: It is not a stack file.
    """
    text = decode(content)
    document = parse(text)
    whole = value_of(document)
    if not isinstance(whole, dict | None):
        raise DocumentError("it is not a mapping of keys to values")
    config = (whole or {}).get(_CONFIG)
    if not isinstance(config, dict | None):
        raise DocumentError("its key 'config' is not a mapping")
    config = config or {}
    if not _is_finite(config):
        raise DocumentError("a configuration can't contain '.inf' or '.nan'")
    return StackFile(text, document, _by_full_key(config))


def read_stack_file(path: Path) -> Mapping[str, str]:
    """Read the configuration in ``path``: full keys with string values; lists and mappings as JSON.

    Raises:
        StackFileError: The file does not exist, or is not a stack file.
    """
    return open_stack_file(path).values


def refine_encrypted(known: Collection[str], path: Path) -> frozenset[str]:
    """Narrow down which values are encrypted; the engine only marks whole keys as secret.

    Args:
        known: Full keys that the engine marks as secret, because something in them is encrypted.
        path: The stack file; if it cannot be read or does not have a key, that key is returned unchanged.
    """
    try:
        exact = open_stack_file(path).encrypted if known else frozenset()
    except StackFileError:
        return frozenset(known)
    elsewhere = {key for key in known if not any(_SECTION.split(found)[0] == key for found in exact)}
    return exact | elsewhere


def _by_full_key(config: Mapping[str, Value]) -> dict[str, Value]:
    """Values by full key. Two forms of the same key are rejected, because the CLI would use either one."""
    written: dict[str, str] = {}
    for key in config:
        other = written.setdefault(full_key(key), key)
        if other != key:
            raise DocumentError(f"'{other}' and '{key}' are the same key; remove one of them")
    return {full: config[key] for full, key in written.items()}


def full_key(key: str) -> str:
    """Complete a key as the CLI does: `workload` and `ml-workspace:config:workload` are `ml-workspace:workload`."""
    names = key.split(":")
    if len(names) == 1:
        return NAMESPACE + key
    if len(names) == 3 and names[1] == "config":  # noqa: PLR2004 - namespace, word, name
        return f"{names[0]}:{names[2]}"
    if len(names) != 2:  # noqa: PLR2004 - namespace and name
        raise DocumentError(f"'{key}' is not a configuration key; allowed: namespace:name")
    return key


def _step(found: Node, key: str) -> tuple[Node, Node, str] | None:
    """Follow the first segment of a key: the node of the entry, its value, and the rest of the key."""
    node = found.resolved
    if key.startswith("["):
        number, _, rest = key[1:].partition("]")
        if node.entries or not number.isdigit() or int(number) >= len(node.items):
            return None
        return node.items[int(number)], node.items[int(number)], rest.removeprefix(".")
    for name, value in node.entries:
        text = str(name.resolved.event.value)
        for wanted in (text, NAMESPACE + text):
            if key == wanted or key.startswith((f"{wanted}.", f"{wanted}[")):
                return name, value, key[len(wanted) :].removeprefix(".")
    return None


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {SECURE} and isinstance(value[SECURE], str)


def _without_secrets(value: Value, *, as_long: bool = False) -> Value:
    if isinstance(value, dict):
        if _is_encrypted(value):
            # Base64 encodes three characters as four.
            return "x" * (len(value[SECURE]) * 3 // 4) if as_long else ENCRYPTED
        return {key: _without_secrets(entry, as_long=as_long) for key, entry in value.items()}
    return [_without_secrets(entry, as_long=as_long) for entry in value] if isinstance(value, list) else value


def _encrypted(key: str, value: Value) -> Iterator[str]:
    if _is_encrypted(value):
        yield key
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _encrypted(f"{key}.{name}", entry)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _encrypted(f"{key}[{index}]", entry)


def _is_finite(value: Value) -> bool:
    if isinstance(value, dict | list):
        return all(_is_finite(entry) for entry in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _text(value: Value) -> str:
    if isinstance(value, str) or value is None:
        return value or ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(_as_json(value), ensure_ascii=False, separators=(",", ":")).translate(GO_ESCAPES)


def _as_json(value: Value) -> Value:
    """Convert numbers to JSON's: whole ones without a fraction, those beyond 64 bits rounded."""
    if isinstance(value, dict):
        return {key: _as_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_as_json(entry) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
        value = float(value)
    found: Value = json.loads(number_text(value)) if isinstance(value, float) else value
    return found
