"""Everything about one run: what `mlw run show` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlw.output import table
from mlw.tracking import artifacts, experiments, logged_models, tracked_runs
from mlw.tracking.artifacts import Artifact
from mlw.tracking.git_facts import BRANCH, COMMIT, DIRTY, REPOSITORY
from mlw.tracking.logged_models import LoggedModel
from mlw.tracking.stored_snapshots import TAG
from mlw.tracking.tracking_client import TrackingClient
from mlw.tracking.tracking_records import Run, Value
from mlw.tracking.tracking_text import cell, duration, metric_table, moment, state_of

DRAWN_METRICS = 40
"""Metrics whose values over time are read; the others are shown with their last value."""

_INTERNAL = "mlflow."
_GIT: Mapping[str, str] = {"commit": COMMIT, "branch": BRANCH, "repository": REPOSITORY, "dirty": DIRTY}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """A run, with what other requests say about it."""

    run: Run
    experiment: str
    histories: Mapping[str, Sequence[Value]]
    artifacts: Sequence[Artifact]
    models: Sequence[LoggedModel]

    @property
    def git(self) -> dict[str, str]:
        """Where the code comes from."""
        return {name: self.run.tags[tag] for name, tag in _GIT.items() if tag in self.run.tags}

    @property
    def own_tags(self) -> dict[str, str]:
        """Tags that are not shown elsewhere."""
        shown = {*_GIT.values(), TAG}
        tags = self.run.tags.items()
        return {
            name: value for name, value in tags if name not in shown and not name.startswith((_INTERNAL, "azureml."))
        }

    def as_json(self) -> dict[str, Any]:
        """The run, as commands print it."""
        return {
            **self.run.as_json(self.experiment),
            "git": self.git,
            "snapshot": self.run.tags.get(TAG),
            "artifacts": [one.path for one in self.artifacts],
            "models": [{"modelId": one.id, "name": one.name} for one in self.models],
        }

    def as_text(self) -> str:
        """The run for people, in sections."""
        run = self.run
        head = {
            "run": run.name, "id": run.id, "experiment": self.experiment, "status": state_of(run), "user": run.user,
            "started (UTC)": moment(run.start), "duration": duration(run.seconds), **self.git,
            "snapshot": run.tags.get(TAG, ""),
            "models": ", ".join(one.name for one in self.models),
            "artifacts": ", ".join(f"{one.path}/" if one.is_folder else one.path for one in self.artifacts),
        }  # fmt: skip
        sections = [table(("KEY", "VALUE"), [(key, cell(value)) for key, value in head.items() if value])]
        for heading, values in (("PARAMETER", run.params), ("TAG", self.own_tags)):
            if values:
                sections.append(table((heading, "VALUE"), [(cell(key), cell(value)) for key, value in values.items()]))
        if run.metrics:
            sections.insert(-1 if self.own_tags else len(sections), metric_table(self.histories))
        return "\n\n".join(sections)


def read(client: TrackingClient, name: str) -> RunReport:
    """Read a run by its id or name, and what belongs to it.

    Raises:
        TrackingNotFoundError: There is no such run.
    """
    run = tracked_runs.find(client, name)
    return RunReport(
        run=run,
        experiment=experiments.find(client, run.experiment_id).name,
        histories=histories_of(client, run),
        artifacts=artifacts.listing(client, artifacts.root_of(run.artifact_uri)),
        models=logged_models.of_run(client, run),
    )


def histories_of(client: TrackingClient, run: Run) -> dict[str, list[Value]]:
    """Values of every metric; of very many metrics only the last ones."""
    names = list(run.metrics)
    return {
        name: tracked_runs.history(client, run.id, name)
        if number < DRAWN_METRICS
        else [Value(0, 0.0, run.metrics[name])]
        for number, name in enumerate(names)
    }
