"""Settings of a job of type `monitor`, as its command has them; and Azure's names of signals and metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

DATA_DRIFT, PREDICTION_DRIFT, DATA_QUALITY = SIGNALS = ("data_drift", "prediction_drift", "data_quality")
NUMERICAL, CATEGORICAL = "numerical", "categorical"

METHODS: Mapping[str, Mapping[str, str]] = {
    NUMERICAL: {
        "jensen_shannon_distance": "jensenshannon",
        "normalized_wasserstein_distance": "wasserstein",
        "population_stability_index": "psi",
        "two_sample_kolmogorov_smirnov_test": "ks",
    },
    CATEGORICAL: {
        "jensen_shannon_distance": "jensenshannon",
        "pearsons_chi_squared_test": "chisquare",
        "population_stability_index": "psi",
    },
}
"""Azure's metrics of drift, and Evidently's names."""

P_VALUES = frozenset({"two_sample_kolmogorov_smirnov_test", "pearsons_chi_squared_test"})
"""Metrics that are lower where data differs more."""

NULLS, TYPE_ERRORS, OUT_OF_BOUNDS = QUALITY = ("null_value_rate", "data_type_error_rate", "out_of_bounds_rate")
"""Azure's metrics of data quality."""

INPUT_TIME = "trigger_time"
"""Input with the time that the windows end at."""

LEAST_ROWS = 10
"""Fewer rows say nothing about a distribution."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


@dataclass(frozen=True)
class Window:
    """Which collected data counts, by its time.

    Attributes:
        size: How long it is, an ISO 8601 duration.
        offset: How long before the job's time it ends.
        start: Its beginning, ISO 8601; empty for one that moves with the job's time.
        end: Its end.
    """

    size: str = ""
    offset: str = ""
    start: str = ""
    end: str = ""

    def limits(self, now: datetime) -> tuple[datetime, datetime]:
        """Beginning and end."""
        if self.start:
            return moment_of(self.start), moment_of(self.end)
        end = now - duration_of(self.offset)
        return end - duration_of(self.size), end


@dataclass(frozen=True)
class Source:
    """Data of a signal.

    Attributes:
        input: Name of the job's input.
        target: Column that is not a feature; empty for none.
    """

    input: str
    window: Window = field(default_factory=Window)
    target: str = ""


@dataclass(frozen=True)
class Signal:
    """One signal.

    Attributes:
        type: One of :data:`SIGNALS`.
        features: Columns that are compared; empty for all.
        column_types: Column to its type, where it is not that of the reference data.
        numerical: Metric to its threshold, for numerical columns.
        categorical: The same for categorical columns.
        has_alerts: Whether thresholds that are crossed are alerts.
    """

    name: str
    type: str
    production: Source
    reference: Source
    features: tuple[str, ...] = ()
    column_types: Mapping[str, str] = field(default_factory=dict)
    numerical: Mapping[str, float] = field(default_factory=dict)
    categorical: Mapping[str, float] = field(default_factory=dict)
    has_alerts: bool = True

    def thresholds(self, column_type: str) -> Mapping[str, float]:
        """Metric to threshold, for columns of a type."""
        return self.numerical if column_type == NUMERICAL else self.categorical

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Signal:
        """From JSON."""
        sources = {
            key: Source(**{**found[key], "window": Window(**found[key]["window"])})
            for key in ("production", "reference")
        }
        return cls(**{**found, **sources, "features": tuple(found["features"])})


@dataclass(frozen=True)
class Settings:
    """What a monitor compares.

    Attributes:
        monitor: Name of the schedule.
        target: `ENDPOINT/DEPLOYMENT`; empty for data of other origin.
    """

    monitor: str
    signals: tuple[Signal, ...]
    target: str = ""

    def as_text(self) -> str:
        """As an argument of a command."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> Settings:
        """Read what :meth:`as_text` writes."""
        found = json.loads(text)
        return cls(**{**found, "signals": tuple(Signal.of(one) for one in found["signals"])})


def duration_of(text: str) -> timedelta:
    """An ISO 8601 duration without months and years; none for an empty text.

    Raises:
        ValueError: It is not one.
    """
    match = _DURATION.fullmatch(text or "P")
    if match is None or (text and text[-1] in "PT"):
        raise ValueError(text)
    return timedelta(**{key: int(value) for key, value in match.groupdict().items() if value})


def moment_of(text: str) -> datetime:
    """A time of ISO 8601; without a zone it is UTC."""
    found = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9
