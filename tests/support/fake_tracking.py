"""MLflow in memory, as far as the commands use it, with the documents of version 3.17.2."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlw.tracking.tracking_client import TrackingNotFoundError
from tests.support.insights_rows import EVIL

STARTED = 1_796_005_456_972
PARENT_RUN, LAST = 3, 11
"""Number of the example run that has those after it as child runs; number of the last one, which is a job's."""

VERSIONS_PAGE = 3
"""Versions of a model in one response."""


def run_document(run_id: str, name: str, *, experiment: str = "1", **data: Any) -> dict[str, Any]:  # noqa: ANN401 - documents
    """One run: `metrics`, `params` and `tags` are mappings."""
    pairs = {
        group: [
            {"key": key, "value": value, "timestamp": STARTED, "step": 0} for key, value in data.get(group, {}).items()
        ]
        for group in ("metrics", "params", "tags")
    }
    info = {
        "run_id": run_id, "run_name": name, "experiment_id": experiment, "user_id": "ada", "status": "FINISHED",
        "start_time": STARTED, "end_time": STARTED + 2083, "lifecycle_stage": data.get("stage", "active"),
        "artifact_uri": f"mlflow-artifacts:/{experiment}/{run_id}/artifacts",
    }  # fmt: skip
    models = [{"model_id": one} for one in data.get("models", ())]
    return {"info": info, "data": pairs, "outputs": {"model_outputs": models}}


class FakeTracking:
    """A client whose server is a few dictionaries; `sent` are the requests that change something."""

    endpoint = "http://127.0.0.1:20008"

    def __init__(self) -> None:
        self.experiments = {"0": "Default", "1": "churn"}
        self.runs: dict[str, dict[str, Any]] = {}
        self.models: dict[str, list[dict[str, Any]]] = {}
        self.logged: dict[str, dict[str, Any]] = {}
        self.model_tags: dict[str, dict[str, str]] = {}
        self.files: dict[str, bytes] = {}
        self.steps: dict[str, list[float]] = {}
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.next_version = 1

    def add(self, run: dict[str, Any]) -> None:
        """Add a run."""
        self.runs[run["info"]["run_id"]] = run

    def get(self, path: str, doing: str, **given: str | int) -> dict[str, Any]:
        """Answer a reading request."""
        if path.startswith("logged-models/"):
            return {"model": self.logged[path.partition("/")[2]]}
        return getattr(self, "_" + re.sub(r"\W", "_", path))(doing, given)  # type: ignore[no-any-return]

    def search(self, path: str, _doing: str, _key: str, body: Mapping[str, Any], *, limit: int) -> list[dict[str, Any]]:
        """Answer a search; of filters only those for a name and the beginning of an id."""
        self.last_search = body
        if path == "experiments/search":
            return [_experiment(one, name) for one, name in self.experiments.items()][:limit]
        if path == "logged-models/search":
            return list(self.logged.values())
        name = re.search(r"run_name = ['\"](.*)['\"]", body["filter"])
        beginning = re.search(r"run_id LIKE '(.*)%'", body["filter"])
        return [
            run
            for one, run in self.runs.items()
            if (not name or run["info"]["run_name"] == name[1]) and (not beginning or one.startswith(beginning[1]))
        ][:limit]

    def send(self, path: str, _doing: str, body: Mapping[str, Any], *, method: str = "POST") -> dict[str, Any]:
        """Note a request that changes something, and do it for models."""
        self.sent.append((f"{method} {path}", body))
        if (method, path) == ("POST", "logged-models"):
            made = {"model_id": "m-1", "name": body["name"], "artifact_uri": "mlflow-artifacts:/0/models/m-1/artifacts"}
            self.logged["m-1"] = {"info": made}
            return {"model": self.logged["m-1"]}
        if path == "model-versions/create":
            made = {**body, "version": str(self.next_version), "creation_timestamp": STARTED}
            self.models.setdefault(body["name"], []).append(made)
            return {"model_version": made}
        return {}

    def listing(self, folder: str, _doing: str) -> list[dict[str, Any]]:
        """List files directly in a folder."""
        below = [name.removeprefix(f"{folder}/") for name in self.files if name.startswith(f"{folder}/")]
        names = dict.fromkeys(name.partition("/")[0] for name in below)
        return [{"path": name, "is_dir": f"{folder}/{name}" not in self.files} for name in names]

    @contextmanager
    def reading(self, artifact: str, _doing: str) -> Iterator[tuple[int | None, Iterator[bytes]]]:
        """Read a file."""
        yield len(self.files[artifact]), iter([self.files[artifact]])

    def upload(self, artifact: str, file: Path, _doing: str) -> None:
        """Write a file."""
        self.files[artifact] = file.read_bytes()

    def _experiments_get_by_name(self, doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        found = [one for one, name in self.experiments.items() if name == given["experiment_name"]]
        return {"experiment": _experiment(found[0], self.experiments[found[0]])} if found else _missing(doing)

    def _experiments_get(self, doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        name = self.experiments.get(given["experiment_id"])
        return {"experiment": _experiment(given["experiment_id"], name)} if name else _missing(doing)

    def _runs_get(self, doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        found = self.runs.get(given["run_id"])
        return {"run": found} if found else _missing(doing)

    def _metrics_get_history(self, _doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        values = self.steps.get(given["metric_key"], [1.0])
        return {
            "metrics": [
                {"step": step, "timestamp": STARTED + 100 * step, "value": value} for step, value in enumerate(values)
            ]
        }

    def _registered_models_search(self, _doing: str, _given: Mapping[str, Any]) -> dict[str, Any]:
        return {"registered_models": [self._model(name) for name in self.models]}

    def _registered_models_get(self, doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"registered_model": self._model(given["name"])} if given["name"] in self.models else _missing(doing)

    def _model_versions_search(self, _doing: str, given: Mapping[str, Any]) -> dict[str, Any]:
        name = str(given["filter"]).partition(" = ")[2][1:-1]
        first = int(given.get("page_token", 0))
        end = first + min(given["max_results"], VERSIONS_PAGE)
        known = sorted(self.models[name], key=lambda one: -int(one["version"]))
        more = {"next_page_token": str(end)} if known[end:] else {}
        return {"model_versions": known[first:end], **more}

    def _model(self, name: str) -> dict[str, Any]:
        tags = [{"key": key, "value": value} for key, value in self.model_tags.get(name, {}).items()]
        return {"name": name, "latest_versions": self.models[name], "last_updated_timestamp": STARTED, "tags": tags}


def _experiment(identity: str, name: str) -> dict[str, Any]:
    return {"experiment_id": identity, "name": name, "lifecycle_stage": "active", "creation_time": STARTED}


def _missing(doing: str) -> dict[str, Any]:
    raise TrackingNotFoundError(f"{doing}: HTTP 404")


def example_tracking() -> FakeTracking:
    """An experiment with a dozen runs and a model, and names that do harm where a page does not escape them."""
    made = FakeTracking()
    made.experiments["2"] = EVIL
    for number in range(LAST + 1):
        name = f"{EVIL}-{number}" if number % 6 == 0 else f"depth-{number}"
        tags = {
            "mlflow.source.git.commit": "c0ffee" + "0" * 34, "mlflow.source.git.branch": EVIL,
            "azureml.git.dirty": "True", "ContentSnapshotId": "a" * 64, "team": EVIL,
        }  # fmt: skip
        if number > PARENT_RUN:
            tags |= {"mlflow.parentRunId": f"{PARENT_RUN:032x}", **({"mlw.job": "running"} if number == LAST else {})}
        params = {"depth": str(number), "learning_rate": f"{0.01 * (number % 4 + 1):.2f}", "note": EVIL}
        metrics = {"accuracy": 0.71 + 0.02 * (number % 9), "loss": 0.9 / (number + 1), "odd": "NaN"}
        run = run_document(f"{number:032x}", name, params=params, metrics=metrics, tags=tags)
        run["info"]["start_time"] += 60_000 * number
        run["info"]["end_time"] += 60_000 * number
        made.add(run)
        made.files[f"1/{number:032x}/artifacts/{EVIL}.svg"] = b"<script>alert(1)</script>"
        made.files[f"1/{number:032x}/artifacts/plots/loss.svg"] = b"<svg/>"
    made.steps = {"loss": [1 / (step + 1) for step in range(60)], "accuracy": [0.5 + step / 150 for step in range(60)]}
    version = {"name": EVIL, "creation_timestamp": STARTED, "run_id": f"{3:032x}", "description": EVIL}
    made.models[EVIL] = [{**version, "version": str(number), "source": "models:/m-9"} for number in (1, 2)]
    return made
