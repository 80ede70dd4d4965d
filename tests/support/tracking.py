"""An outside client of a tracking server: plain HTTP, without MLflow's library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.ca_certificates import ca_file
from tests.support.principals import Person

API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class TrackingClient:
    """A client with one login."""

    url: str
    login: tuple[str, str] | None
    trusts: str | bool = True

    @classmethod
    def of(cls, outputs: Mapping[str, Any], login: tuple[str, str] | None = None) -> "TrackingClient":
        """Return a client with a login, by default the stack's own."""
        own = outputs["credentials"]["tracking"]
        return cls(
            url=outputs["endpoints"]["tracking"],
            login=login or (own["username"], own["password"]),
            trusts=ca_file(outputs) or True,
        )

    @classmethod
    def of_person(cls, person: Person) -> "TrackingClient":
        """Return a client of a principal, from what the key vault keeps for it."""
        return cls.of(person.stack, (person.held["trackingUsername"], person.held["trackingPassword"]))

    def request(self, method: str, path: str, body: object = None, *, data: bytes | None = None) -> requests.Response:
        """Send one request; a path that does not begin with a slash is below MLflow's API."""
        return requests.request(
            method,
            self.url + (path if path.startswith("/") else API + path),
            json=body,
            data=data,
            auth=self.login,
            verify=self.trusts,
            timeout=TIMEOUT_SECONDS,
        )

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send one request that must succeed; return its response."""
        response = self.request(method, path, body)
        assert response.status_code == requests.codes.ok, f"{method} {path}: {response.status_code} {response.text}"
        found: dict[str, Any] = response.json()
        return found

    def create_run(self, experiment: str, **fields: object) -> dict[str, Any]:
        """Create a run."""
        info = self.call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1, **fields})["run"]["info"]
        return dict(info)

    def create_experiment(self, name: str) -> str:
        """Create an experiment; return its id."""
        return str(self.call("POST", "experiments/create", {"name": name})["experiment_id"])

    def keep(self, marker: str) -> None:
        """Keep a run with a metric and an artifact, and a model; all of it has been acknowledged."""
        run = self.create_run(self.create_experiment(marker))
        self.call("POST", "runs/log-metric", {"run_id": run["run_id"], "key": "kept", "value": 1, "timestamp": 1})
        answer = self.request("PUT", self.artifact_path(run, f"{marker}.txt"), data=marker.encode())
        assert answer.status_code == requests.codes.ok, answer.text
        self.call("POST", "registered-models/create", {"name": marker})

    def verify(self, marker: str) -> None:
        """Fail unless all of it is there and equal."""
        experiment = self.call("GET", f"experiments/get-by-name?experiment_name={marker}")["experiment"]
        (run,) = self.call("POST", "runs/search", {"experiment_ids": [experiment["experiment_id"]]})["runs"]
        assert [(one["key"], one["value"]) for one in run["data"]["metrics"]] == [("kept", 1)]
        assert self.request("GET", self.artifact_path(run["info"], f"{marker}.txt")).content == marker.encode()
        assert self.call("GET", f"registered-models/get?name={marker}")["registered_model"]["name"] == marker

    def artifact_path(self, run: Mapping[str, Any], name: str) -> str:
        """Return the path of an artifact of a run at the server's proxy."""
        return ARTIFACTS + str(run["artifact_uri"]).removeprefix("mlflow-artifacts:/").lstrip("/") + f"/{name}"
