"""YAML files as plain values, with the line of every key."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlw.azure_files.azure_file_errors import AzureFileError


@dataclass(frozen=True, slots=True)
class YamlSource:
    """One file.

    Attributes:
        path: The file.
        document: Its content.
        lines: Path of each key, joined with dots, to its line.
    """

    path: Path
    document: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """File and line of a key, or of the nearest key above it that the file has."""
        steps = key.split(".") if key else []
        while steps:
            if line := self.lines.get(".".join(steps)):
                return f"{self.path}:{line}"
            steps.pop()
        return str(self.path)


def read_source(path: Path, doing: str) -> YamlSource:
    """Read a file that is a mapping.

    Raises:
        AzureFileError: It does not exist, is not YAML, or not a mapping.
    """
    import yaml  # noqa: PLC0415 - only with a file

    try:
        text = path.read_text(encoding="utf-8-sig")
        found, nodes = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as exc:
        raise AzureFileError(f"{doing}: '{path}' cannot be read ({exc.strerror}).") from exc
    except (ValueError, yaml.YAMLError) as exc:
        raise AzureFileError(f"{doing}: '{path}' is not YAML: {' '.join(str(exc).split())}.") from exc
    if not isinstance(found, dict):
        raise AzureFileError(f"{doing}: '{path}' is not a mapping of keys to values.")
    return YamlSource(path, plain(found), dict(_lines(nodes, "")))


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever YAML has
    """Values as JSON has them: dates, which YAML reads out of e.g. a version, become the text that they were."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def _lines(node: Any, above: str) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - PyYAML's nodes
    import yaml  # noqa: PLC0415 - likewise

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{above}.{key.value}" if above else str(key.value)
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, f"{above}.{index}")
