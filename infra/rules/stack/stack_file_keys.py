"""Keys of a stack file: known, with a value of the right type where something can't do without one."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation, join_key

NAMESPACE = "ml-workspace:"
"""What every key of the project begins with."""

KNOWN = StackRule(
    "settings-key-require-known", "The stack file has no key that is not known; a misspelt one would do nothing."
)
VALUE = StackRule("settings-key-require-value", "A key that something can't do without has a value.")
TYPE = StackRule(
    "settings-value-require-type", "Every value has the type that its key needs; a number meant as text is quoted."
)

SIZE = StackRule(
    "settings-stack-limit-size", "The whole configuration fits into one environment variable, by which programs get it."
)

MAX_BYTES = 131_000
"""Of Linux's 128 KiB for one variable (MAX_ARG_STRLEN), less its name and a little room."""

GO_ESCAPES = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"})
"""What Go's JSON escapes besides what JSON has to."""


def check_size(config: Mapping[str, str]) -> list[Violation]:
    """A violation if the engine cannot hand ``config`` over: it would fail with 'argument list too long'."""
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
            found=f"the configuration has {total:,} bytes as JSON, {_json_size(largest):,} of them in this key",
            allowed=f"at most {MAX_BYTES:,} bytes in all",
            fix=f"shorten '{key}'"
            if is_enough
            else f"take some of the {len(config):,} keys out; this one is the largest",
        )
    ]


def _largest(key: str, value: object) -> tuple[str, object]:
    """The key that most of ``value`` is in, as deep as one has half of what is around it."""
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
    """The violation by a key without a value; ``found`` says what needs it."""
    return Violation(
        rule=VALUE, key=key, value=None, found=f"it is missing: {found}", allowed=example, fix=f"set '{key}'"
    )
