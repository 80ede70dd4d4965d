"""Signals of `create_monitor`: which data each compares, with which metrics and thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlw.job_programs.model_monitor.monitor_settings import (
    CATEGORICAL,
    DATA_DRIFT,
    DATA_QUALITY,
    METHODS,
    NUMERICAL,
    PREDICTION_DRIFT,
    QUALITY,
    Signal,
    Source,
    Window,
    duration_of,
    moment_of,
)

INPUTS, OUTPUTS = "model_inputs", "model_outputs"
_COLLECTED_TYPE = "uri_folder"

OUT_OF_BOX: Mapping[str, Mapping[str, Any]] = {
    "data-drift-signal": {"type": DATA_DRIFT},
    "prediction-drift-signal": {"type": PREDICTION_DRIFT},
    "data-quality-signal": {"type": DATA_QUALITY},
}
"""Azure's signals of a monitor whose file has none."""

_DRIFT = {NUMERICAL: {"normalized_wasserstein_distance": 0.1}, CATEGORICAL: {"jensen_shannon_distance": 0.1}}
_QUALITY = dict.fromkeys((NUMERICAL, CATEGORICAL), dict.fromkeys(QUALITY, 0.0))
"""Azure's thresholds of a signal that has none."""


@dataclass
class Signals:
    """Reads the signals of one monitor.

    Attributes:
        collections: Collection of the deployment to its data asset.
        days: Length of a window without one.
        inputs: The data of all signals, as inputs of the job.
        problems: What is wrong.
        notices: What differs from Azure.
    """

    collections: Mapping[str, str]
    days: int
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def read(self, name: str, given: Mapping[str, Any]) -> Signal:
        """Read one; what is wrong is in :attr:`problems` then."""
        type_, place = str(given["type"]).lower(), f"signal '{name}'"
        context = OUTPUTS if type_ == PREDICTION_DRIFT else INPUTS
        production, reference = (given.get(f"{one}_data") or {} for one in ("production", "reference"))
        size = f"P{self.days}D"
        first = self._source(production, f"{place}: production_data", context, {}, (size, ""))
        second = self._source(reference, f"{place}: reference_data", context, production, (f"P{2 * self.days}D", size))
        thresholds = given.get("metric_thresholds") or (_QUALITY if type_ == DATA_QUALITY else _DRIFT)
        features = given.get("features")
        if isinstance(features, Mapping):
            self.notices.append(f"{place}: `features.top_n_feature_importance` is ignored: all features are compared.")
        if given.get("properties"):
            self.notices.append(f"{place}: `properties` are ignored: they are Azure's.")
        return Signal(
            name=name,
            type=type_,
            production=first,
            reference=second,
            features=tuple(map(str, features)) if isinstance(features, list) else (),
            column_types=dict(self._column_types(given.get("feature_type_override") or {}, place)),
            numerical=_numbers(thresholds.get(NUMERICAL)),
            categorical=_numbers(thresholds.get(CATEGORICAL)),
            has_alerts=given.get("alert_enabled") is not False,
        )

    def _source(
        self, given: Mapping[str, Any], place: str, context: str, other: Mapping[str, Any], default: tuple[str, str]
    ) -> Source:
        """Data that the file names; otherwise that of the other source, or of the deployment."""
        data = given.get("input_data") or other.get("input_data")
        if not data:
            wanted = str(given.get("data_context") or other.get("data_context") or context).lower()
            if wanted not in self.collections:
                known = ", ".join(self.collections) or "none"
                self.problems.append(
                    f"{place} has no input_data, and collection '{wanted}' is not one of the deployment; its enabled "
                    f"collections: {known}. Enable it in `data_collector` of the deployment, or name data."
                )
            data = {"type": _COLLECTED_TYPE, "path": self.collections.get(wanted, "")}
        columns = given.get("data_column_names") or {}
        return Source(
            input=self._input(data),
            window=self._window(given.get("data_window") or {}, f"{place}.data_window", *default),
            target=str(given.get("target_column_name") or columns.get("target_column") or ""),
        )

    def _input(self, data: Mapping[str, Any]) -> str:
        found = {key: data[key] for key in ("type", "path") if key in data}
        name = next((key for key, one in self.inputs.items() if one == found), f"data_{len(self.inputs)}")
        self.inputs[name] = found
        return name

    def _window(self, given: Mapping[str, Any], place: str, size: str, offset: str) -> Window:
        start, end = (str(given.get(f"window_{one}") or "") for one in ("start", "end"))
        sizes = [str(given.get(f"lookback_window_{one}") or "") for one in ("size", "offset")]
        window = Window(*(("", "", start, end) if start or end else (sizes[0] or size, sizes[1] or offset)))
        if window.size == "default":
            window = Window(size, window.offset)
        self.problems.extend(_problems(window, place))
        return window

    def _column_types(self, given: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
        for name, type_ in given.items():
            if str(type_).lower() not in METHODS:
                self.problems.append(
                    f"{place}: feature_type_override of '{name}' is '{type_}'; allowed: {', '.join(METHODS)}."
                )
            yield str(name), str(type_).lower()


def default_days(trigger: Mapping[str, Any]) -> int:
    """Length of a window without one: Azure's, by the frequency of the trigger."""
    frequency, interval = str(trigger.get("frequency") or "").lower(), int(trigger.get("interval") or 1)
    if frequency in {"minute", "hour"}:
        return 1
    return interval * {"day": 1, "week": 7, "month": 30}[frequency] if frequency else 7


def _problems(window: Window, place: str) -> Iterator[str]:
    for key, text in (("size", window.size), ("offset", window.offset)):
        try:
            is_empty = not duration_of(text) and key == "size" and not window.start and not window.end
        except ValueError:
            is_empty = True
        if is_empty:
            yield f"{place}: lookback_window_{key} is '{text}'; allowed: a duration of weeks, days, hours, e.g. P7D."
    if bool(window.start) != bool(window.end):
        yield f"{place} has only one of window_start and window_end."
    for key, text in (("start", window.start), ("end", window.end)):
        try:
            _ = moment_of(text) if text else None
        except ValueError:
            yield f"{place}: window_{key} is '{text}'; allowed: a date, e.g. 2026-12-01."


def _numbers(given: Mapping[str, Any] | None) -> dict[str, float]:
    return {str(key): float(value) for key, value in (given or {}).items() if value is not None}
