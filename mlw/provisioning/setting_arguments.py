"""Settings on the command line: `--set KEY=VALUE`, `--remove KEY` and `--tags KEY=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, get_args, get_origin

from infra.errors import MlWorkspaceError
from infra.rules.stack.stack_file_keys import NAMESPACE
from infra.stack_files.stack_file_values import remove_value, set_value
from infra.stack_files.yaml_document import DocumentError, Value, parse, value_of

_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?P<positions>(?:\[\d+\])*)")

Path = list[str | int]


class SettingError(MlWorkspaceError):
    """A setting on the command line cannot be understood, or the stack file cannot be edited."""


def parse_tags(given: Iterable[str]) -> dict[str, str]:
    """Read tags.

    Raises:
        SettingError: One is not `KEY=VALUE`.
    """
    return dict(_pair("--tags", text) for text in given)


def apply_settings(
    text: str, *, given: Iterable[str] = (), removed: Iterable[str] = (), tags: Iterable[str] = ()
) -> str:
    """Edit the text of a stack file.

    Args:
        text: The text.
        given: `KEY=VALUE`, with keys as in messages: `storageAccount.sku`, `tags.owner`, `datastores[0].container`.
        removed: Keys to remove.
        tags: `NAME=VALUE`, for all resources.

    Raises:
        SettingError: The message names the argument.
    """
    for name, value in parse_tags(tags).items():
        text = _edited(f"--tags {name}={value}", partial(set_value, text, ["tags", name], value))
    for argument in given:
        key, raw = _pair("--set", argument)
        path = _path(key)
        typed: Value = raw if _is_text(path) else _yaml(argument, raw)
        text = _edited(f"--set {argument}", partial(set_value, text, path, typed))
    for key in removed:
        text = _edited(f"--remove {key}", partial(remove_value, text, _path(key)))
    return text


def _edited(argument: str, edit: Callable[[], str]) -> str:
    try:
        return edit()
    except DocumentError as exc:
        raise SettingError(f"applying '{argument}' to the stack file: {exc}. Edit the file yourself.") from exc


def _pair(option: str, text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise SettingError(f"reading {option} '{text}': it has no '='. Write {option} KEY=VALUE.")
    return key.strip(), value


def _path(key: str) -> Path:
    """The keys and positions of a key as messages write it; what follows a mapping of free keys is one key."""
    found: Path = []
    rest = key.removeprefix(NAMESPACE)
    while rest:
        if found and _has_free_keys(found):
            return [*found, rest]
        step = _STEP.match(rest)
        if step is None:
            raise SettingError(f"reading the key '{key}': it is empty at '{rest}'. Write e.g. storageAccount.sku.")
        found += [step["name"], *(int(position) for position in re.findall(r"\d+", step["positions"]))]
        rest = rest[step.end() :].removeprefix(".")
    if not found:
        raise SettingError(f"reading the key '{key}': it is empty. Write e.g. storageAccount.sku.")
    return found


def _yaml(argument: str, raw: str) -> Value:
    try:
        return value_of(parse(raw))
    except DocumentError as exc:
        raise SettingError(f"reading --set '{argument}': its value is {exc}. Write a value as in YAML.") from exc


def _has_free_keys(path: Path) -> bool:
    return get_origin(_type_of(path)) is dict


def _is_text(path: Path) -> bool:
    """Whether the settings have a string there, so that `001` needs no quotes."""
    return _type_of(path) is str


def _type_of(path: Path) -> Any:  # noqa: ANN401 - a type
    """The declared type at a path; None for a key that does not exist, which the rules report."""
    from infra.settings.stack_input import StackInput  # noqa: PLC0415 - `--help` needs none of it

    found: Any = StackInput
    for step in path:
        if isinstance(step, int):
            found = _plain(get_args(found)[0]) if get_origin(found) is list else None
        elif get_origin(found) is dict:
            found = get_args(found)[1]
        else:
            fields = getattr(found, "model_fields", {})
            field = next((field for field in fields.values() if field.alias == step), None)
            found = _plain(field.annotation) if field else None
    return found


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - types
    """A type without `| None`."""
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    is_optional = type(None) in get_args(annotation)
    return _plain(choices[0]) if is_optional and len(choices) == 1 else annotation
