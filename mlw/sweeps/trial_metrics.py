"""Metrics of trials in MLflow, and what a sweep writes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mlw.tracking import tracked_runs
from mlw.tracking.tracking_client import TrackingClient


class TrialMetrics(Protocol):
    """MLflow, as far as a sweep uses it, in addition to the runs of its jobs."""

    def reports(self, run_id: str, metric: str, /) -> Sequence[float]:
        """All values of a metric, in the order of their steps."""

    def names(self, run_id: str, /) -> Sequence[str]:
        """Names of the metrics of a run."""

    def add_parameters(self, run_id: str, parameters: Mapping[str, str], /) -> None:
        """Log parameters that the run does not have."""

    def tag(self, run_id: str, tags: Mapping[str, str], /) -> None:
        """Set tags of a run."""


@dataclass(frozen=True, slots=True)
class MlflowMetrics:
    """The real one."""

    client: TrackingClient

    def reports(self, run_id: str, metric: str) -> Sequence[float]:
        """All values of a metric, in the order of their steps."""
        return [one.value for one in tracked_runs.history(self.client, run_id, metric)]

    def names(self, run_id: str) -> Sequence[str]:
        """Names of the metrics of a run."""
        return sorted(str(one["key"]) for one in self._run(run_id).get("metrics") or ())

    def add_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        """Log parameters that the run does not have.

        After the trial: MLflow rejects another value of a parameter, and a script may log its own, e.g. 1.0 for 1.
        """
        known = {str(one["key"]) for one in self._run(run_id).get("params") or ()}
        missing = [{"key": key, "value": value} for key, value in parameters.items() if key not in known]
        if missing:
            body = {"run_id": run_id, "params": missing}
            self.client.send("runs/log-batch", f"logging the parameters of run '{run_id}'", body)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        body = {"run_id": run_id, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
        self.client.send("runs/log-batch", f"tagging run '{run_id}'", body)

    def _run(self, run_id: str) -> dict[str, list[dict[str, object]]]:
        return dict(self.client.get("runs/get", f"reading run '{run_id}'", run_id=run_id)["run"].get("data") or {})
