"""A stack file read without the engine, in the form in which the engine would give it.

For checks that must touch nothing (`make check`, reports). Differences to plain YAML follow the engine's reader: only
`true` and `false` are booleans, a key may stand once. Encrypted values can't be read here: a word stands for each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.errors import MlWorkspaceError


class StackFileError(MlWorkspaceError):
    """The stack file can't be read."""


class StackLoader(yaml.SafeLoader):
    """YAML 1.2's booleans, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base's signature
        """The mapping, or an error naming the key that stands twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for index, key in enumerate(keys) if key in keys[:index]]
        if twice:
            raise yaml.constructor.ConstructorError(
                problem=f"the key '{twice[0]}' stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


StackLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
StackLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


ENCRYPTED = "encrypted"
"""What stands for a value that only the engine can read."""


def read_stack_file(path: Path) -> Mapping[str, str]:
    """The configuration in ``path``: full keys with text; lists and mappings as JSON.

    Raises:
        StackFileError: There is no such file, or it is not a stack file.
    """
    config = {key: _without_secrets(value) for key, value in _read(path).items()}
    return {str(key): _text(value) for key, value in config.items()}


def encrypted_keys(path: Path) -> frozenset[str]:
    """Full keys of the values in ``path`` that are encrypted, e.g. `ml-workspace:datastores[0].secretAccessKey`.

    Raises:
        StackFileError: As :func:`read_stack_file`.
    """
    return frozenset(key for name, value in _read(path).items() for key in _encrypted(str(name), value))


def refine_encrypted(known: Collection[str], path: Path) -> frozenset[str]:
    """Say more exactly which values are encrypted than the engine does, which only knows it of whole keys.

    Args:
        known: Full keys that the engine calls secret, because something in them is encrypted.
        path: The stack file; one that cannot be read, or does not hold such a key, adds nothing.
    """
    try:
        exact = encrypted_keys(path) if known else frozenset()
    except StackFileError:
        return frozenset(known)
    elsewhere = {key for key in known if not any(re.split(r"[.\[]", found)[0] == key for found in exact)}
    return exact | elsewhere


def _read(path: Path) -> dict[Hashable, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=StackLoader)  # noqa: S506 - a SafeLoader
    except OSError as exc:
        msg = f"reading {path}: {exc.strerror}; a stack is configured in stacks/Pulumi.<stack>.yaml"
        raise StackFileError(msg) from exc
    except yaml.YAMLError as exc:
        msg = f"reading {path}: it is not YAML: {' '.join(str(exc).split())}"
        raise StackFileError(msg) from exc
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        msg = f"reading {path}: it has no mapping 'config'; allowed: config: {{ml-workspace:workload: …}}"
        raise StackFileError(msg)
    return config


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


def _without_secrets(value: object) -> object:
    if _is_encrypted(value):
        return ENCRYPTED
    if isinstance(value, dict):
        return {key: _without_secrets(entry) for key, entry in value.items()}
    return [_without_secrets(entry) for entry in value] if isinstance(value, list) else value


def _encrypted(key: str, value: object) -> Iterator[str]:
    if _is_encrypted(value):
        yield key
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _encrypted(f"{key}.{name}", entry)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _encrypted(f"{key}[{index}]", entry)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
