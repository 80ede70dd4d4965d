"""Keys of a stack file: known keys, with a value of the right type, or any value if one is required."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, join_key

NAMESPACE = "ml-workspace:"
"""Prefix of every key of the project."""

KNOWN = StackRule(
    "settings-key-require-known", "The stack file has only known keys; a misspelt key would have no effect."
)
VALUE = StackRule("settings-key-require-value", "Required keys have a value.")
TYPE = StackRule(
    "settings-value-require-type", "Every value has the type of its key; a number that is meant as a string is quoted."
)

SIZE = StackRule(
    "settings-stack-limit-size",
    "The whole configuration fits into one environment variable, which passes it to programs.",
)

MAX_BYTES = 131_000
"""Linux's limit of 128 KiB per variable (MAX_ARG_STRLEN), minus its name and a small reserve."""

GO_ESCAPES = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"})
"""Characters that Go's JSON encoder escapes in addition to what JSON requires."""


def check_size(config: Mapping[str, str]) -> list[Violation]:
    """A violation if ``config`` is too large for the engine, which would fail with 'argument list too long'."""
    if (total := _json_size(dict(config))) <= MAX_BYTES:
        return []
    values = {key: _parsed(text) for key, text in config.items()}
    key, largest = _largest("", values)
    is_enough = total - _json_size(largest) <= MAX_BYTES
    return [
        Violation(
            rule=SIZE,
            key=key,
            value=None,
            found=f"the configuration is {total:,} bytes as JSON, {_json_size(largest):,} of them in this key",
            allowed=f"at most {MAX_BYTES:,} bytes in total",
            fix=f"shorten '{key}'"
            if is_enough
            else f"remove some of the {len(config):,} keys; this one is the largest",
        )
    ]


def _largest(key: str, value: object) -> tuple[str, object]:
    """The largest key in ``value``, descending as long as one entry makes up more than half of its parent."""
    entries: list[tuple[str, object]] = []
    if isinstance(value, dict):
        entries = [(join_key(key, str(name)), entry) for name, entry in value.items()]
    elif isinstance(value, list):
        entries = [(join_key(key, f"[{index}]"), entry) for index, entry in enumerate(value)]
    found = max(entries, key=lambda entry: _json_size(entry[1]), default=(key, value))
    if entries and (not key or _json_size(found[1]) * 2 > _json_size(value)):
        return _largest(*found)
    return key, value


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if text[:1] in {"{", "["} else text
    except (ValueError, RecursionError):
        return text


def _json_size(value: object) -> int:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(GO_ESCAPES)
    return len(text.encode("utf-8", errors="replace"))


def missing_value(key: str, found: str, example: str) -> Violation:
    """The violation for a required key without a value; ``found`` says what requires it."""
    return Violation(rule=VALUE, key=key, value=None, found=f"missing: {found}", allowed=example, fix=f"set '{key}'")
