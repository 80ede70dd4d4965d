"""Models that a run has logged: since MLflow 3 they are next to the run's artifacts, not among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlw.tracking.tracking_client import TrackingClient
from mlw.tracking.tracking_records import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedModel:
    """One model of a run."""

    id: str
    name: str
    location: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> LoggedModel:
        """Read MLflow's document."""
        info = document["info"]
        return cls(id=str(info["model_id"]), name=str(info["name"]), location=str(info["artifact_uri"]))


def of_run(client: TrackingClient, run: Run) -> list[LoggedModel]:
    """The models that a run has logged."""
    if not run.model_ids:
        return []
    body = {"experiment_ids": [run.experiment_id], "filter": f"source_run_id = '{run.id}'"}
    doing = f"listing the models of run '{run.id}'"
    found = client.search("logged-models/search", doing, "models", body, limit=100)
    return [LoggedModel.of(one) for one in found]


def get(client: TrackingClient, model_id: str) -> LoggedModel:
    """Read one by its id."""
    return LoggedModel.of(client.get(f"logged-models/{model_id}", f"reading model '{model_id}'")["model"])
