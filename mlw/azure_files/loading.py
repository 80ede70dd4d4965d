"""Loads a file in Azure's YAML: checked by Azure's package, then normalised; see :mod:`mlw.azure_files.normalising`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlw.azure_files import checking, overrides
from mlw.azure_files.azure_file_errors import NotRunnableHereError, problems_of, reading
from mlw.azure_files.normalising import Normalising
from mlw.azure_files.yaml_source import YamlSource, read_source

_NORMALISED_BY: Mapping[str, str] = {
    "job": "job",
    "component": "component",
    "environment": "environment",
    "data": "asset",
    "model": "asset",
    "compute": "plain",
    "schedule": "schedule",
    "online_endpoint": "plain",
    "batch_endpoint": "plain",
    "batch_deployment": "deployment",
    "online_deployment": "deployment",
}


def load(kind: str, path: Path, changes: Sequence[str] = (), name: str | None = None) -> dict[str, Any]:
    """Load a file.

    Args:
        kind: job, environment, data, component, compute, model, schedule, online_endpoint, online_deployment,
            batch_endpoint or batch_deployment.
        path: The file.
        changes: `KEY=VALUE`, as `--set` has them.
        name: Replaces the name in the file.

    Returns:
        What the file says, in the words of Azure's schema.

    Raises:
        AzureFileError: Something is wrong; the message has all of it, with file and line where known.
        NotRunnableHereError: It needs something that a local workspace does not have.
        HostError: Azure's package cannot be installed.
    """
    doing = reading(kind, path)
    source = read_source(path.absolute(), doing)
    overrides.apply(source.document, changes, doing)
    if name is not None:
        source.document["name"] = name
    normalising = Normalising(source, doing)
    found: dict[str, Any] = getattr(normalising, _NORMALISED_BY[kind])(source.document)
    if normalising.refused:
        raise NotRunnableHereError(str(problems_of(doing, normalising.refused)))
    problems = list(normalising.problems)
    if not problems:  # Azure's messages about a missing file would only repeat it
        checked = checking.problems(kind, source.path, source.document, found, doing)
        problems = [_message(normalising.sources, key, message) for key, message in checked]
    if problems:
        raise problems_of(doing, problems)
    return found


def _message(sources: Mapping[str, YamlSource], key: str, message: str) -> str:
    """A problem with its place: in the file that the key comes from."""
    above = max((one for one in sources if f"{key}.".startswith(f"{one}." if one else "")), key=len)
    source, key = sources[above], key.removeprefix(above).lstrip(".") if above else key
    shown = message if message.endswith((".", "!", "?")) else f"{message}."
    return f"{source.place(key)}: {f'{key}: ' if key else ''}{shown}"
