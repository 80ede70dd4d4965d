"""Convert the engine's flat configuration to typed input, and report all unknown keys and wrong types.

Invalid values are omitted from the result, so that the rest can still be checked and one run reports everything. The
result names the omitted keys, so that consequences of a missing value are not reported too.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from infra.rules.resources.properties import declared_properties
from infra.rules.stack import stack_file_keys
from infra.rules.stack.stack_file_keys import NAMESPACE
from infra.rules.tags.secret_detection import is_secret_key, is_secret_value
from infra.rules.violation import Violation, join_key, one_of
from infra.settings.stack_input import StackInput

_TEXT_KEYS = frozenset(key for key, declared in declared_properties(StackInput).items() if declared.type == str | None)
_EXPECTED = {
    "string_type": ("a string", "quote the value"),
    "int_type": ("a whole number", "write a whole number without quotes"),
    "int_from_float": ("a whole number", "write a whole number"),
    "float_type": ("a number", "write a number without quotes"),
    "bool_type": ("true or false", "write true or false without quotes"),
    "dict_type": ("a mapping of keys to values", "write it as {key: value, …}"),
    "model_type": ("a mapping of keys to values", "write it as {key: value, …}"),
    "list_type": ("a list", "write it as [value, …]"),
}

_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d) 00:00:00 \+0000 UTC", re.ASCII)
"""How the engine formats a date without quotes, e.g. in a tag `expires`."""

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The valid input, the violations, and the keys that were omitted or are encrypted."""

    input: StackInput
    violations: tuple[Violation, ...]
    unusable: frozenset[str]
    encrypted: frozenset[str] = frozenset()


def read(config: Mapping[str, str], *, encrypted: Collection[str] = ()) -> Reading:
    """Read all keys of the namespace `ml-workspace`; other namespaces are ignored.

    Args:
        config: Full keys with string values; lists and mappings as JSON.
        encrypted: Keys that are encrypted in the stack file; a key covers everything below it.
    """
    ours = {key[len(NAMESPACE) :]: _DATE.sub(r"\1", text) for key, text in config.items() if key.startswith(NAMESPACE)}
    # The engine passes a key without a value as an empty string; unless the key is a string, it is omitted.
    values = {key: _decode(key, text) for key, text in ours.items() if text or key in _TEXT_KEYS}
    violations: list[Violation] = []
    unusable: set[str] = set()
    while True:
        try:
            given = StackInput.model_validate(values)
            return Reading(given, tuple(violations), frozenset(unusable), frozenset(encrypted))
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_context=False):
                location = problem["loc"]
                if problem["input"] is None and _may_be_left_out(problem["type"], location):
                    continue
                violations.append(_violation(problem["type"], location, problem["input"]))
                unusable.add(_key(location))
            for problem in sorted(error.errors(), key=lambda problem: len(problem["loc"]), reverse=True):
                _leave_out(values, problem["loc"])


def _decode(key: str, text: str) -> object:
    """Decode lists and mappings, which are passed as JSON; a string key is decoded only to report its wrong type."""
    if key in _TEXT_KEYS and text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _may_be_left_out(type_: str, location: Location) -> bool:
    """True for a section or a list below a key; an empty list entry is a mistake."""
    return type_ in {"model_type", "list_type"} and isinstance(location[-1], str)


def _violation(type_: str, location: Location, value: object) -> Violation:
    key = _key(location)
    if type_ == "extra_forbidden":
        return _unknown(key, location, value)
    expected, fix = _EXPECTED.get(type_, ("a value of another type", "see docs/settings.md"))
    if type_ == "string_type" and not isinstance(value, str | int | float):
        fix = "write a single string, or remove the key"
    return Violation(
        rule=stack_file_keys.TYPE,
        key=key,
        value=value if isinstance(value, str | int | float) else None,
        found=f"found {_type_words(value)}, expected {expected}",
        allowed=expected,
        fix=fix,
        secret=_hidden(location, value),
    )


def _unknown(key: str, location: Location, value: object) -> Violation:
    known = _known_keys(location[:-1])
    by_lower_case = {name.lower(): name for name in known}
    near = [by_lower_case[name] for name in difflib.get_close_matches(str(location[-1]).lower(), by_lower_case, n=1)]
    fix = f"did you mean '{near[0]}'? Rename or remove the key" if near else "remove the key"
    return Violation(
        rule=stack_file_keys.KNOWN,
        key=key,
        value=value if isinstance(value, str | int | float) else None,
        found="unknown key",
        allowed=one_of(known),
        fix=fix,
        # A misspelt key of a secret also has a secret value.
        secret=_hidden(location, value) or any(is_secret_key(name) for name in near),
    )


def _known_keys(location: Location) -> list[str]:
    model: type[BaseModel] = StackInput
    for part in location:
        if isinstance(part, int):
            continue
        annotation: Any = next(field.annotation for field in model.model_fields.values() if field.alias == part)
        model = next((a for a in getattr(annotation, "__args__", ()) if isinstance(a, type)), annotation)
    return sorted(str(field.alias) for field in model.model_fields.values())


def _key(location: Location) -> str:
    key = ""
    for part in location:
        key = join_key(key, f"[{part}]" if isinstance(part, int) else part or "''")
    return NAMESPACE + key


def _hidden(location: Location, value: object) -> bool:
    return any(is_secret_key(str(part)) or part == "accessKeyId" for part in location) or (
        isinstance(value, str) and is_secret_value(value)
    )


def _type_words(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    words = {
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "a mapping",
        type(None): "nothing",
    }
    return words.get(type(value), "something else")


def _leave_out(values: dict[str, Any], location: Location) -> None:
    holder: Any = values
    for part in location[:-1]:
        holder = holder[part]
    if isinstance(holder, list):
        holder[int(location[-1])] = "" if _is_text_list(location) else {}
    elif isinstance(holder, dict):
        holder.pop(location[-1], None)


def _is_text_list(location: Sequence[int | str]) -> bool:
    return location[0] == "allowReplacement"
