"""Experiments and runs as MLflow returns them, in Python's types and Azure's names."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACTIVE, DELETED = "active", "deleted"
"""Values of a lifecycle stage."""

PARENT = "mlflow.parentRunId"


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """One experiment."""

    id: str
    name: str
    stage: str = ACTIVE
    artifact_location: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Experiment:
        """Read MLflow's document."""
        return cls(
            id=str(document["experiment_id"]),
            name=str(document["name"]),
            stage=str(document.get("lifecycle_stage") or ACTIVE),
            artifact_location=str(document.get("artifact_location") or ""),
            created=moment_of(document.get("creation_time")),
            updated=moment_of(document.get("last_update_time")),
            tags=pairs_of(document.get("tags")),
        )

    def as_json(self) -> dict[str, Any]:
        """One experiment, as commands print it."""
        return {
            "experimentId": self.id,
            "name": self.name,
            "lifecycleStage": self.stage,
            "createdTime": iso(self.created),
            "lastUpdatedTime": iso(self.updated),
            "artifactLocation": self.artifact_location,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run.

    Attributes:
        metrics: The last value of each.
        model_ids: Logged models that it made.
    """

    id: str
    name: str
    experiment_id: str
    status: str
    stage: str = ACTIVE
    user: str = ""
    start: datetime | None = None
    end: datetime | None = None
    artifact_uri: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    model_ids: Sequence[str] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Run:
        """Read MLflow's document."""
        info, data = document["info"], document.get("data") or {}
        outputs = document.get("outputs") or {}
        return cls(
            id=str(info["run_id"]),
            name=str(info.get("run_name") or ""),
            experiment_id=str(info["experiment_id"]),
            status=str(info.get("status") or ""),
            stage=str(info.get("lifecycle_stage") or ACTIVE),
            user=str(info.get("user_id") or ""),
            start=moment_of(info.get("start_time")),
            end=moment_of(info.get("end_time")),
            artifact_uri=str(info.get("artifact_uri") or ""),
            params=pairs_of(data.get("params")),
            metrics={str(one["key"]): number_of(one["value"]) for one in data.get("metrics") or ()},
            tags=pairs_of(data.get("tags")),
            model_ids=[str(one["model_id"]) for one in outputs.get("model_outputs") or ()],
        )

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.end - self.start).total_seconds() if self.start and self.end else None

    def as_json(self, experiment: str) -> dict[str, Any]:
        """One run, as commands print it."""
        return {
            "runId": self.id,
            "displayName": self.name,
            "experimentName": experiment,
            "status": self.status,
            "lifecycleStage": self.stage,
            "user": self.user,
            "startTime": iso(self.start),
            "endTime": iso(self.end),
            "durationSeconds": self.seconds,
            "parentRunId": self.tags.get(PARENT),
            "params": dict(self.params),
            "metrics": {name: plain(value) for name, value in self.metrics.items()},
            "tags": dict(self.tags),
            "artifactUri": self.artifact_uri,
        }


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a metric over time.

    Attributes:
        time: Seconds since 1970.
    """

    step: int
    time: float
    value: float


def number_of(value: object) -> float:
    """Read a number of MLflow: NaN is text, and infinity is the largest number that a database holds."""
    found = float(str(value))
    return math.copysign(math.inf, found) if abs(found) >= sys.float_info.max else found


def plain(value: float) -> float | str:
    """A number for JSON, which has neither NaN nor infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def moment_of(milliseconds: object) -> datetime | None:
    """Read a time of MLflow."""
    return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC) if milliseconds else None


def pairs_of(entries: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Read a list of keys and values."""
    return {str(one["key"]): str(one.get("value") or "") for one in entries or ()}


def iso(moment: datetime | None) -> str | None:
    """Write a time for JSON."""
    return moment.isoformat(timespec="milliseconds") if moment else None
