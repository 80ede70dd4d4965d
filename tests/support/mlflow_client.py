"""MLflow's own client for tests, unmodified, in an environment of its own: the project does not depend on it.

It is made of the tracking server's lock, which pins every package with hashes, and is kept in the cache.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.host import file_locks, folders
from tests.support.ca_certificates import ca_file
from tests.support.environment import PROJECT_ROOT

LOCK = PROJECT_ROOT / "tools" / "python" / "tracking" / "requirements.lock"
_MADE = "complete"

WRITE = """
import sys
import mlflow

name = sys.argv[1]
mlflow.set_experiment(name)
with mlflow.start_run(run_name="parent") as run:
    mlflow.log_params({"rate": 0.1, "layers": "[64, 32]"})
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("infinite", float("inf"))
    mlflow.log_text("weights of " + name, "model/weights.txt")
    mlflow.log_text("", "empty.txt")
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.set_tag("of", "the parent")
client = mlflow.MlflowClient()
client.create_registered_model(name, description="kept")
client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias(name, "champion", "1")
with mlflow.start_run(run_name="deleted") as deleted:
    mlflow.log_text("in the trash", "a.txt")
client.delete_run(deleted.info.run_id)
"""

READ = """
import hashlib, json, pathlib, tempfile
import mlflow
from mlflow.entities import ViewType

client = mlflow.MlflowClient()

def files(uri):
    folder = pathlib.Path(mlflow.artifacts.download_artifacts(uri, dst_path=tempfile.mkdtemp()))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}

def run_of(run):
    history = {key: [(one.step, one.timestamp, repr(one.value)) for one in client.get_metric_history(run.info.run_id, key)]
               for key in sorted(run.data.metrics)}
    return {"info": {**dict(run.info), "status": run.info.status}, "params": run.data.params, "tags": run.data.tags,
            "metrics": history, "files": files(run.info.artifact_uri) if client.list_artifacts(run.info.run_id) else {}}

experiments = client.search_experiments(view_type=ViewType.ALL)
runs = client.search_runs([one.experiment_id for one in experiments], run_view_type=ViewType.ALL)
models = client.search_registered_models()
print(json.dumps({
    "experiments": {one.experiment_id: dict(one) for one in experiments},
    "runs": {run.info.run_id: run_of(run) for run in runs},
    "models": {model.name: [model.description, model.aliases] for model in models},
    "versions": {f"{one.name} {one.version}": [dict(one), files(f"models:/{one.name}/{one.version}")]
                 for one in client.search_model_versions()},
}, sort_keys=True, default=str))
"""  # noqa: E501 - a program

Outputs = Mapping[str, Any]


def mlflow_client() -> Path:
    """Return the folder with its `python`, for the beginning of PATH; made when it is first asked for."""
    folder = folders.cache() / f"mlflow-client-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with file_locks.hold(folder.with_suffix(".lock"), "the environment of MLflow's client"):
        if not (folder / _MADE).exists():
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            words = ("install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(LOCK))
            _run(str(folder / "bin" / "python"), "-m", "pip", *words)
            (folder / _MADE).touch()
    return folder / "bin"


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def client_variables(outputs: Outputs) -> dict[str, str]:
    """Return the variables with which MLflow's client uses a stack's server, with the stack's own login."""
    login, trusted = outputs["credentials"]["tracking"], ca_file(outputs)
    return {
        "MLFLOW_TRACKING_URI": outputs["endpoints"]["tracking"],
        "MLFLOW_TRACKING_USERNAME": login["username"],
        "MLFLOW_TRACKING_PASSWORD": login["password"],
        "GIT_PYTHON_REFRESH": "quiet",
        "PATH": "/usr/bin:/bin",
        **({"MLFLOW_TRACKING_SERVER_CERT_PATH": str(trusted)} if trusted else {}),
    }


def write_runs(outputs: Outputs, name: str) -> dict[str, Any]:
    """Log runs with metrics and artifacts, register a model, delete a run; return what `read_runs` returns."""
    return _printed(outputs, WRITE + READ, name)


def read_runs(outputs: Outputs, **variables: str) -> dict[str, Any]:
    """Return everything that MLflow's client finds: experiments, runs, models; of files the digests."""
    return _printed(outputs, READ, **variables)


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Name what differs between two results of `read_runs`, briefly."""
    return [
        f"{what} {key}: {found[what].get(key)} instead of {expected[what].get(key)}"
        for what in expected
        for key in sorted({*found[what], *expected[what]})
        if found[what].get(key) != expected[what].get(key)
    ]


def _printed(outputs: Outputs, program: str, *arguments: str, **variables: str) -> dict[str, Any]:
    command = [str(mlflow_client() / "python"), "-c", program, *arguments]
    known = client_variables(outputs) | variables
    done = subprocess.run(command, env=known, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
