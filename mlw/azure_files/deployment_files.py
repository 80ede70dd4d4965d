"""The file of an online or batch deployment in one form: paths absolute, other files inlined."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from mlw.azure_files import not_runnable
from mlw.azure_files.file_references import bare, is_local


class Reading(Protocol):
    """What reads the file; :class:`mlw.azure_files.normalising.Normalising` is the real one."""

    def existing(self, value: str, place: str) -> Path | None:
        """The file that a value stands for; None, and a problem, if there is none."""

    def environment_of(self, value: object, place: str) -> object:
        """An environment, however it is named."""

    def refuse(self, reason: str, place: str) -> None:
        """Note what cannot run here."""


def normalised(document: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """The document of a deployment: a model that is a path becomes a mapping, what is in `settings` is not nested."""
    found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
    if reason := not_runnable.deployment_reason(found):
        reading.refuse(reason, "type")
    if isinstance(settings := found.pop("settings", None), dict):
        found |= {key: value for key, value in settings.items() if value is not None}
    if "compute" in found:
        found["compute"] = bare(found["compute"])
    model, code = found.get("model"), found.get("code_configuration")
    if is_local(model):
        model = {"path": model}
    if isinstance(model, dict):
        made = {key: value for key, value in model.items() if key != "$schema" and value is not None}
        found["model"] = _located(made, "path", "model.path", reading)
    if isinstance(code, dict):
        found["code_configuration"] = _located(code, "code", "code_configuration.code", reading)
    if "environment" in found:
        found["environment"] = reading.environment_of(found["environment"], "environment")
    return found


def _located(given: Mapping[str, Any], key: str, place: str, reading: Reading) -> dict[str, Any]:
    """A mapping with the absolute path in a key, if that is local."""
    file = reading.existing(str(given[key]), place) if is_local(given.get(key)) else None
    return {**given, key: str(file)} if file else dict(given)
