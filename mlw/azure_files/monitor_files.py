"""`create_monitor` of a schedule's file: the paths of its data, and what cannot run here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from mlw.azure_files import not_runnable

KEY = "create_monitor"
_SIGNALS = f"{KEY}.monitoring_signals"
_DATA = ("production_data", "reference_data")
_WITH_THRESHOLDS = ("prediction_drift",)
"""Types of signals without a default in Azure's package."""

_PREPARES = "components that prepare data for monitors run on a Spark cluster. Name prepared data in `input_data`."
_SEGMENT = "a monitor compares all rows. Name data with only these rows in `input_data`."


class DataFiles(Protocol):
    """What is needed of :class:`mlw.azure_files.normalising.Normalising`."""

    problems: list[str]

    def input_of(self, value: object, place: str, type_: str, /) -> object:
        """An input, with the path of its data and a type."""

    def refuse(self, reason: str, place: str, /) -> None:
        """Note what cannot run here."""


def completed(schedule: dict[str, Any], normalising: DataFiles) -> dict[str, Any]:
    """A schedule, with the data of its monitor normalised; itself if it has no monitor."""
    definition = schedule.get(KEY)
    if not isinstance(definition, dict):
        return schedule
    if definition.get("compute") is None:
        normalising.problems.append(
            f"{KEY}.compute is missing; Azure requires it, e.g. "
            '`{instance_type: standard_e4s_v3, runtime_version: "3.4"}`.'
        )
    target = definition.get("monitoring_target")
    task = str(target.get("ml_task") if isinstance(target, dict) else "").replace("_", "").lower()
    if task == "questionanswering":
        normalising.refuse("it rates texts with a model that Azure hosts.", f"{KEY}.monitoring_target.ml_task")
    signals = definition.get("monitoring_signals")
    if not isinstance(signals, dict):
        return schedule
    made = {name: _signal(one, f"{_SIGNALS}.{name}", normalising) for name, one in signals.items()}
    return {**schedule, KEY: {**definition, "monitoring_signals": made}}


def _signal(signal: Any, place: str, normalising: DataFiles) -> Any:  # noqa: ANN401 - YAML
    if not isinstance(signal, Mapping):
        return signal
    type_ = str(signal.get("type") or "").lower()
    if type_ in not_runnable.SIGNALS:
        normalising.refuse(f"type '{type_}': {not_runnable.SIGNALS[type_]}", f"{place}.type")
        return signal
    if type_ in _WITH_THRESHOLDS and signal.get("metric_thresholds") is None:
        normalising.problems.append(
            f"{place}.metric_thresholds is missing; Azure requires it, e.g. "
            "`{numerical: {normalized_wasserstein_distance: 0.1}}`."
        )
    if signal.get("data_segment"):
        normalising.refuse(f"data_segment: {_SEGMENT}", f"{place}.data_segment")
    found = dict(signal)
    for key in _DATA:
        data = found.get(key)
        if not isinstance(data, Mapping):
            continue
        if data.get("pre_processing_component"):
            normalising.refuse(f"pre_processing_component: {_PREPARES}", f"{place}.{key}.pre_processing_component")
        given = normalising.input_of(data.get("input_data"), f"{place}.{key}.input_data", "uri_folder")
        found[key] = {**data, "input_data": given}
    return found
