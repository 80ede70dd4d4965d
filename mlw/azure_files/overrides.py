"""`--set KEY=VALUE`: changes to what a file says, as in `az ml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mlw.azure_files.azure_file_errors import AzureFileError
from mlw.azure_files.yaml_source import plain

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def apply(document: dict[str, Any], overrides: Sequence[str], doing: str) -> None:
    """Change a document.

    Args:
        document: What the file says; changed in place.
        overrides: `KEY=VALUE`, the key with dots and `[N]`, the value as in YAML.
        doing: For messages.

    Raises:
        AzureFileError: A key leads through a value that is not a mapping or a list.
    """
    import yaml  # noqa: PLC0415 - only with a file

    for one in overrides:
        key, equals, text = one.partition("=")
        steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(key)]
        if not equals or not steps:
            raise AzureFileError(f"{doing}: --set '{one}' is not KEY=VALUE, e.g. inputs.depth=3.")
        try:
            value = plain(yaml.safe_load(text)) if text else ""
        except yaml.YAMLError:
            value = text
        _set(document, steps, value, f"{doing}: --set '{one}'")


def _set(document: dict[str, Any], steps: Sequence[str | int], value: object, doing: str) -> None:
    here: Any = document
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        if isinstance(step, int):
            if not isinstance(here, list) or step >= len(here):
                raise AzureFileError(f"{doing}: there is no list with an entry [{step}].")
        elif not isinstance(here, dict):
            shown = ".".join(map(str, steps[:number]))
            raise AzureFileError(f"{doing}: '{shown}' is {here!r}, which has no keys. Set '{shown}' as a whole.")
        if is_last:
            here[step] = value
        else:
            if isinstance(here, dict) and here.get(step) is None:
                here[step] = {}
            here = here[step]
