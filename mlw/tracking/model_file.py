"""Azure's `model.yml`: what a model is, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.tracking.registered_models import ModelType

KEYS = ("$schema", "name", "version", "path", "type", "description", "tags", "properties")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_LOCAL_SCHEME = "file:"


class ModelFileError(MlWorkspaceError):
    """A description of a model is incomplete or wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSpec:
    """A model to be registered.

    Attributes:
        version: The version that it must get; empty for the next one.
        path: A local path, ``runs:/...``, or ``azureml://jobs/...``.
    """

    name: str
    path: str
    version: str = ""
    type: ModelType = ModelType.CUSTOM
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


def read(file: Path) -> dict[str, Any]:
    """Read a file; a relative local path is relative to the file, as in Azure.

    Raises:
        ModelFileError: It is not a mapping with known keys.
    """
    import yaml  # noqa: PLC0415 - only with a file

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        raise ModelFileError(f"reading model file '{file}': {' '.join(str(exc).split())}") from exc
    if not isinstance(found, dict):
        raise ModelFileError(f"reading model file '{file}': not a mapping. Keys: {', '.join(KEYS)}.")
    if unknown := [str(key) for key in found if key not in KEYS]:
        raise ModelFileError(
            f"reading model file '{file}': unknown key '{unknown[0]}'. Allowed keys: {', '.join(KEYS)}."
        )
    path = found.get("path")
    if isinstance(path, str) and is_local(path):
        found["path"] = str(file.parent / local_path(path))
    return found


def checked(values: Mapping[str, Any]) -> ModelSpec:
    """Check what the file and the options say together.

    Raises:
        ModelFileError: Something is missing or not allowed.
    """
    given = {key: value for key, value in values.items() if value not in (None, "", {}) and key != "$schema"}
    for key in ("name", "path"):
        if key not in given:
            raise ModelFileError(f"registering a model: '{key}' is missing. Set it in the model file, or use --{key}.")
    name = str(given["name"])
    if not _NAME.fullmatch(name):
        raise ModelFileError(
            f"registering a model: name '{name}' is not valid. Allowed: 1-255 letters, digits, '_', '-' and '.', "
            "beginning with a letter or a digit."
        )
    texts = {key: str(given[key]) for key in ("name", "version", "path", "description") if key in given}
    return ModelSpec(**texts, type=_type(given), tags=_texts(given, "tags"), properties=_texts(given, "properties"))


def _type(given: Mapping[str, Any]) -> ModelType:
    wanted = str(given.get("type", ModelType.CUSTOM))
    if wanted not in list(ModelType):
        raise ModelFileError(
            f"registering a model: type '{wanted}' is not known. Allowed: {', '.join(sorted(ModelType))}."
        )
    return ModelType(wanted)


def _texts(given: Mapping[str, Any], key: str) -> dict[str, str]:
    found = given.get(key, {})
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        raise ModelFileError(f"registering a model: '{key}' is not a mapping of names to text: {found!r}.")
    return {str(name): str(value) for name, value in found.items()}


def is_local(path: str) -> bool:
    """Whether a path is one of this machine."""
    return path.startswith(_LOCAL_SCHEME) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path)


def local_path(path: str) -> Path:
    """A local path without the scheme."""
    return Path(re.sub(r"^file:(//)?", "", path))
